import type { Frame } from './frame.js';
import { brokenPicture, checkPictureSize } from './picture-limits.js';

const headerEnd = 'ENDHDR\n';
/** Netpbm's headers of RGBA pictures are some 80 bytes long. */
const longestHeader = 1024;

/**
 * RGBA pictures in Netpbm's PAM format, one behind the other, from a stream of bytes as it comes.
 * @throws `weights-format` when the stream ends within a picture or holds another format, `unsupported` when a picture
 * is too large.
 */
export async function* pamFrames(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  maxPixels: number,
): AsyncGenerator<Frame, void, undefined> {
  let header = '';
  let frame: Frame | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (frame === undefined) {
        header += String.fromCharCode(chunk[at++]!);
        if (header.length > longestHeader)
          brokenPicture(name, 'ffmpeg gave something other than PAM pictures');
        if (!header.endsWith(headerEnd)) continue;
        frame = emptyFrame(header, name, maxPixels);
        [header, filled] = ['', 0];
      }
      const part = chunk.subarray(at, at + frame.data.length - filled);
      frame.data.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < frame.data.length) continue;
      yield frame;
      frame = undefined;
    }
  }
  if (frame !== undefined || header !== '') brokenPicture(name, 'its last picture ends early');
}

function emptyFrame(header: string, name: string, maxPixels: number): Frame {
  const field = (key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(header)?.[1]);
  const [width, height] = [field('WIDTH'), field('HEIGHT')];
  if (!header.startsWith('P7\n') || field('DEPTH') !== 4 || field('MAXVAL') !== 255) {
    brokenPicture(name, 'ffmpeg gave something other than RGBA pictures');
  }
  checkPictureSize(name, width, height, maxPixels);
  return { width, height, data: new Uint8ClampedArray(4 * width * height) };
}
