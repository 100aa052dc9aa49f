import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/** Upper bounds that `ortWeb` keeps to, below what the device allows. */
export interface OrtWebLimits {
  /** Largest single tensor in bytes. Default: what the device binds at once; on `wasm` 2 GiB. */
  maxBufferBytes?: number | undefined;
  /**
   * Largest sum of one network's weights in bytes. Default: 3.5 GiB on `wasm`, whose heap ends at 4 GiB; without bound on
   * `webgpu`, since a page cannot ask how much memory the card has.
   */
  maxModelBytes?: number | undefined;
}

/** Where the runtime's own files lie, if not beside the bundle; handed to ONNX Runtime as `env.wasm.wasmPaths`. */
export type OrtWebWasmPaths = string | { readonly mjs?: string | URL; readonly wasm?: string | URL };

/** Options of `ortWeb`. */
export interface OrtWebOptions {
  /**
   * What computes: `webgpu` (default), or `wasm`, the processor. A device that is missing is an error, never a silent
   * fall-back.
   */
  device?: 'webgpu' | 'wasm' | undefined;
  /**
   * Threads that compute one operator on `wasm`. Default: the number of cores, at most 4, on pages that are cross-origin
   * isolated (served with COOP and COEP headers); 1 on all others, whatever is asked. The first session of a page decides.
   */
  threads?: number | undefined;
  /**
   * Where the files `ort-wasm-simd-threaded.*` of `onnxruntime-web` lie: the URL of their folder with a slash at its end, or
   * the URL of each file. Default: where the bundler put them. The first session of a page decides.
   */
  wasmPaths?: OrtWebWasmPaths | undefined;
  /** Bounds below the device's own. */
  limits?: OrtWebLimits | undefined;
  /** Which of several graphics cards, for `webgpu`. Default `high-performance`. */
  powerPreference?: 'low-power' | 'high-performance' | undefined;
}

const location = z.union([z.string().check(z.minLength(1)), z.instanceof(URL)]);
const bytes = z.optional(z.number().check(z.minimum(1)));

const schema = z.strictObject({
  device: z.optional(z.enum(['webgpu', 'wasm'])),
  threads: z.optional(z.int().check(z.minimum(1), z.maximum(1024))),
  wasmPaths: z.optional(
    z.union([
      z.string().check(z.minLength(1)),
      z.strictObject({ mjs: z.optional(location), wasm: z.optional(location) }),
    ]),
  ),
  limits: z.optional(z.strictObject({ maxBufferBytes: bytes, maxModelBytes: bytes })),
  powerPreference: z.optional(z.enum(['low-power', 'high-performance'])),
});

/** @throws `invalid-options`. */
export function checkOrtWebOptions(options: OrtWebOptions | undefined): OrtWebOptions {
  return checkOptions<OrtWebOptions>(schema as z.ZodMiniType<OrtWebOptions>, options, 'ortWeb');
}
