import type { Frame } from 'animatediff-js';
import { type EncodeRequest, encodeMp4 } from 'animatediff-js/web';

/**
 * Encodes on this thread: for an animation whose worker has ended, by a lost device for example. It must not be lost
 * too. The encoders are fetched only then.
 */
export async function encodeHere(
  frames: readonly Frame[],
  request: EncodeRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const media = await import('animatediff-js/media');
  const encode = (): Promise<Uint8Array> => {
    const { format, ...options } = request;
    if (format === 'gif') return media.encodeGif(frames, options);
    if (format === 'webp') return media.encodeWebp(frames, options);
    if (format === 'mp4') return encodeMp4(frames, options);
    return media.encodePng(media.contactSheet(frames));
  };
  // Never shared memory: encoders allocate their own.
  return (await encode()) as Uint8Array<ArrayBuffer>;
}
