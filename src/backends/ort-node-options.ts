import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';

/** Where the weights of networks are kept between sessions. */
export interface WeightsCacheOptions {
  /**
   * Folder, made when it is missing. Default: `animatediff-js` in the user's cache folder, which is
   * `$XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS and `%LOCALAPPDATA%` on Windows.
   */
  directory?: string | undefined;
  /** Bytes the cache may hold; what was not used for longest goes first. Default 40e9. */
  maxBytes?: number | undefined;
}

/** Options of `ortNode`. */
export interface OrtNodeOptions {
  /**
   * What computes: `cpu` (default), `webgpu` (any graphics card, through Vulkan, DirectX 12 or Metal) or `cuda`
   * (NVIDIA on Linux x64). A device that is missing is an error, never a silent fall-back.
   */
  device?: 'cpu' | 'webgpu' | 'cuda' | undefined;
  /** Threads that compute one operator on the CPU. Default: `os.availableParallelism()`. They sleep while they wait. */
  threads?: number | undefined;
  /**
   * Where the runtime lives, since it blocks its thread while it loads and computes.
   *
   * - `worker` (default): a worker thread. The application stays live; an abort takes effect at once for the
   *   caller, while the run under way ends in the background, and the next call waits for it. Calling
   *   `process.exit()` during a run makes the runtime abort the process: dispose first.
   * - `process`: a child process for each session. An abort kills it; the session loads again by itself when it
   *   is run next. Tensors are copied to and fro.
   * - `none`: the calling thread. For scripts, and for workers of your own.
   */
  isolation?: 'worker' | 'process' | 'none' | undefined;
  /**
   * Weights reach the runtime as files, which it maps into memory; from buffers it would need two to three times
   * their size.
   *
   * - an object, or nothing: the files are kept, so that the next start is quick.
   * - `false`: files are made in the same default folder and deleted with their session.
   * - `'memory'`: no files.
   *
   * Networks with less than 32 MB of weights go through memory in any case.
   */
  weightsCache?: WeightsCacheOptions | false | 'memory' | undefined;
  /**
   * Whether weights in files are packed for the CPU's kernels when a network is loaded. `false` (default) computes
   * straight from the mapped file: a UNet of Stable Diffusion 1.5 loads in a second, keeps 0.4 GB of memory of its own,
   * and gives it back when it is disposed. `true` packs the matrices that are multiplied whole, a private copy of each.
   * In the library's own networks those are few: layers with a merged adapter, and those of the time. Networks in
   * memory are always packed.
   */
  prepack?: boolean | undefined;
}

const schema = z.strictObject({
  device: z.optional(z.enum(['cpu', 'webgpu', 'cuda'])),
  threads: z.optional(z.int().check(z.minimum(1), z.maximum(1024))),
  isolation: z.optional(z.enum(['worker', 'process', 'none'])),
  weightsCache: z.optional(
    z.union([
      z.literal(false),
      z.literal('memory'),
      z.strictObject({
        directory: z.optional(z.string().check(z.minLength(1))),
        maxBytes: z.optional(z.number().check(z.minimum(0))),
      }),
    ]),
  ),
  prepack: z.optional(z.boolean()),
});

/** @throws `invalid-options`. */
export function checkOrtNodeOptions(options: OrtNodeOptions | undefined): OrtNodeOptions {
  return checkOptions<OrtNodeOptions>(schema, options, 'ortNode');
}
