import createModule from '@jsquash/webp/codec/enc/webp_enc_simd.js';
import { defaultOptions } from '@jsquash/webp/meta.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Frame } from './frame.js';
import { readInstalledWasm } from './webp-wasm.js';

/** How one picture is compressed. */
export interface WebpQuality {
  /** 0 (small) to 100 (good). For lossless pictures: how hard to try to make the file small. */
  readonly quality: number;
  /** Keep every byte, also the colours of transparent pixels. */
  readonly lossless: boolean;
}

/** Makes still WebP files. */
export interface WebpEncoder {
  /**
   * The frame as a still WebP file.
   * @throws `backend` when libwebp refuses it.
   */
  encode(frame: Frame, quality: WebpQuality): Uint8Array;
}

/**
 * Instantiates libwebp. Each call makes an instance of its own (some 10 ms), so that its memory goes with it and no
 * state is shared.
 *
 * @param wasm The bytes of `@jsquash/webp/codec/enc/webp_enc_simd.wasm`, for places where neither a file system nor
 * `fetch` leads to them. Default: found by itself.
 * @throws `unsupported` when the WebAssembly cannot be found or instantiated.
 */
export async function createWebpEncoder(wasm?: Uint8Array | undefined): Promise<WebpEncoder> {
  const module = await instantiate(wasm ?? (await readInstalledWasm()));
  return {
    encode(frame, { quality, lossless }) {
      const flag = lossless ? 1 : 0;
      const options = { ...defaultOptions, quality, lossless: flag, exact: flag };
      const bytes = module.encode(frame.data, frame.width, frame.height, options);
      if (bytes !== null) return bytes;
      throw new AnimateDiffError(
        'backend',
        `libwebp could not encode a ${frame.width}×${frame.height} picture`,
      );
    },
  };
}

// The package types its factory after a global namespace of Emscripten's; this is the part in use.
interface Libwebp {
  encode(
    data: Uint8ClampedArray,
    width: number,
    height: number,
    options: typeof defaultOptions,
  ): Uint8Array | null;
}

async function instantiate(wasmBinary: Uint8Array | undefined): Promise<Libwebp> {
  const create = createModule as unknown as (overrides: object) => Promise<Libwebp>;
  try {
    // Emscripten would print its failures to the console; they are in the error that is thrown.
    const silent = { print: () => undefined, printErr: () => undefined };
    return await create({
      noInitialRun: true,
      ...silent,
      ...(wasmBinary === undefined ? {} : { wasmBinary }),
    });
  } catch (cause) {
    throw new AnimateDiffError(
      'unsupported',
      'WebP: the WebAssembly encoder could not be started. Serve @jsquash/webp/codec/enc/webp_enc_simd.wasm beside ' +
        "its script, or pass its bytes as the `wasm` option; a Content-Security-Policy must allow 'wasm-unsafe-eval'. " +
        'GIF and APNG need no WebAssembly.',
      { cause },
    );
  }
}
