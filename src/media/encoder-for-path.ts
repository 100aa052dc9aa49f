import { AnimateDiffError } from '../core/errors.js';
import { encodeApng } from './apng.js';
import { encodeGif } from './gif.js';
import type { MediaEncoder } from './media-encoder.js';
import { encodePng } from './png.js';
import { encodeWebp } from './webp.js';

/** The formats that work everywhere: GIF, WebP, APNG and PNG. A `.png` of several frames is an APNG. */
export const portableEncoders: readonly MediaEncoder[] = [
  { name: 'GIF', endings: ['.gif'], mediaType: 'image/gif', encode: encodeGif },
  { name: 'WebP', endings: ['.webp'], mediaType: 'image/webp', encode: encodeWebp },
  { name: 'APNG', endings: ['.apng'], mediaType: 'image/apng', encode: encodeApng },
  {
    name: 'PNG',
    endings: ['.png'],
    mediaType: 'image/png',
    encode: (frames, options) =>
      frames.length === 1 ? encodePng(frames[0]!, { signal: options?.signal }) : encodeApng(frames, options),
  },
];

/**
 * The encoder for a file name or URL, by its ending, upper or lower case.
 *
 * @param more Encoders to consider besides {@link portableEncoders}, such as `mp4Encoder` of the Node or the web door.
 * @throws `invalid-options` that lists the endings there are.
 */
export function encoderForPath(path: string, more: readonly MediaEncoder[] = []): MediaEncoder {
  const encoders = [...portableEncoders, ...more];
  const name = path.toLowerCase();
  const found = encoders.find(({ endings }) => endings.some((ending) => name.endsWith(ending)));
  if (found !== undefined) return found;
  const endings = encoders.flatMap((encoder) => encoder.endings).join(', ');
  const hint = /\.(mp4|m4v)$/.test(name)
    ? ' MP4 needs ffmpeg or a browser: pass mp4Encoder of animatediff-js/node or animatediff-js/web.'
    : '';
  throw new AnimateDiffError(
    'invalid-options',
    `no format is known for the file name '${path}'; use one of the endings ${endings}.${hint}`,
  );
}

/**
 * The MIME type for a file name, for a `Content-Type` header or a `Blob`.
 *
 * @throws As {@link encoderForPath}.
 */
export function mediaTypeOf(path: string, more: readonly MediaEncoder[] = []): string {
  return encoderForPath(path, more).mediaType;
}
