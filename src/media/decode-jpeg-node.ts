import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { AnimateDiffError } from '../core/errors.js';
import type { Frame } from './frame.js';
import { jpegFacts } from './jpeg-facts.js';
import { brokenPicture, checkPictureSize } from './picture-limits.js';

/** Where npm puts mozjpeg's WebAssembly build, see docs/decisions/media.md. */
const wasmFile = '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm';

/**
 * A JPEG file's picture, baseline or progressive, turned as its EXIF orientation says.
 * @throws `weights-format` that names the file when it is broken or cut short; `unsupported` when it is too large, has
 * printing colours (CMYK), or the decoder cannot be started.
 */
export async function decodeJpeg(bytes: Uint8Array, name: string, maxPixels: number): Promise<Frame> {
  const { width, height, components } = jpegFacts(bytes, name);
  checkPictureSize(name, width, height, maxPixels);
  if (components === 4) {
    throw new AnimateDiffError(
      'unsupported',
      `${name}: JPEGs of printing colours (CMYK) are not read; save it as RGB`,
    );
  }
  const said: string[] = [];
  // An instance for each picture: its memory goes with it, and one that a broken file has stopped is of no more use.
  const decoder = await instantiate((message) => said.push(message));
  const why = (): string => `the JPEG is damaged (${said.at(-1) ?? 'its decoder gave up'})`;
  let decoded: Frame | null;
  try {
    decoded = withImageData(() => decoder.decode(bytes, true));
  } catch (cause) {
    return brokenPicture(name, why(), cause);
  }
  // Of data that ends early the decoder makes a grey rest, and says so.
  if (decoded === null || said.some((message) => /premature end/i.test(message))) brokenPicture(name, why());
  return { width: decoded.width, height: decoded.height, data: decoded.data };
}

// The package types its factory after a global namespace of Emscripten's; this is the part in use.
interface Mozjpeg {
  decode(bytes: Uint8Array, turned: boolean): Frame | null;
}

async function instantiate(printErr: (message: string) => void): Promise<Mozjpeg> {
  try {
    const { default: factory } = await import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js');
    const create = factory as unknown as (overrides: object) => Promise<Mozjpeg>;
    const wasmBinary = await readFile(createRequire(import.meta.url).resolve(wasmFile));
    const options = { noInitialRun: true, wasmBinary, print: () => undefined, printErr };
    return await withImageData(() => create(options));
  } catch (cause) {
    throw new AnimateDiffError(
      'unsupported',
      `JPEG: the decoder could not be started; is @jsquash/jpeg installed with its file ${wasmFile}?`,
      { cause },
    );
  }
}

/** The decoder takes this class from the global scope, where Node has none; it is there for one synchronous call only. */
class DecodedImage implements Frame {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

function withImageData<T>(call: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'ImageData');
  Object.defineProperty(globalThis, 'ImageData', { value: DecodedImage, configurable: true, writable: true });
  try {
    return call();
  } finally {
    if (before) Object.defineProperty(globalThis, 'ImageData', before);
    else Reflect.deleteProperty(globalThis, 'ImageData');
  }
}
