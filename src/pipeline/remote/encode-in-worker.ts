import { AnimateDiffError } from '../../core/errors.js';
import { ownCopy } from '../../core/port/own-copy.js';
import type { CallContext, Endpoint } from '../../core/port/port-calls.js';
import type { Frame } from '../../media/frame.js';
import type { EncodeCall, PageCalls } from './pipeline-calls.js';
import type { EncodeRequest } from './worker-pipeline-options.js';

type Options<F extends EncodeRequest['format']> = Omit<Extract<EncodeRequest, { format: F }>, 'format'>;
type Encoders = {
  readonly [F in EncodeRequest['format']]: (
    frames: readonly Frame[],
    options: Options<F>,
  ) => Promise<Uint8Array>;
};

/** Each is loaded when it is used. */
const encoders: Encoders = {
  gif: async (frames, options) => (await import('../../media/gif.js')).encodeGif(frames, options),
  webp: async (frames, options) => (await import('../../media/webp.js')).encodeWebp(frames, options),
  apng: async (frames, options) => (await import('../../media/apng.js')).encodeApng(frames, options),
  png: async ([first], options) => (await import('../../media/png.js')).encodePng(first!, options),
  'png-sheet': async (frames, { signal, ...options }) => {
    const [{ contactSheet }, { encodePng }] = await Promise.all([
      import('../../media/contact-sheet.js'),
      import('../../media/png.js'),
    ]);
    return encodePng(contactSheet(frames, options), { signal });
  },
  mp4: async (frames, options) => (await import('../../media/mp4-web.js')).encodeMp4(frames, options),
};

/**
 * Frames as a file's bytes. The frames are asked for one by one, so that the page has time for other things.
 * @throws `invalid-options`; `unsupported` where this worker cannot write the format.
 */
export async function encodeInWorker(
  page: Endpoint<PageCalls>,
  { frames: id, count, request }: EncodeCall,
  { signal, emit, handOver }: CallContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const { format, ...options } = request ?? {};
  if (!Object.hasOwn(encoders, format)) {
    const known = Object.keys(encoders).join(', ');
    throw new AnimateDiffError('invalid-options', `encode: format: expected one of ${known}`);
  }
  const frames: Frame[] = [];
  const needed = format === 'png' ? Math.min(count, 1) : count;
  while (frames.length < needed) {
    frames.push(await page.call('frame', { frames: id, index: frames.length }, { signal }));
  }
  const told = format === 'png' || format === 'png-sheet' ? {} : { onProgress: emit };
  const encode = encoders[format] as (frames: readonly Frame[], options: object) => Promise<Uint8Array>;
  const bytes = await encode(frames, { ...options, ...told, signal });
  const { copy, buffers } = ownCopy(bytes as Uint8Array<ArrayBuffer>);
  return handOver(copy, buffers);
}
