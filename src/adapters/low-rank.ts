import { type AdapterReadOptions, gainOf } from './adapter-gain.js';
import type { AdapterModule } from './adapter-module.js';
import { loraFamily } from './lora-family.js';
import type { OpenedAdapter } from './open-adapter.js';

/** A module's change as two matrices: `ΔW = gain · up · down` at scale 1. */
export interface LowRank {
  /** `[rank, columns]`; a convolution's columns are its inputs times its kernel's elements. */
  readonly down: Float32Array;
  /** `[rows, rank]`. */
  readonly up: Float32Array;
  /** Rows of `down`. */
  readonly rank: number;
  /** First size of the weight that is changed. */
  readonly rows: number;
  /** Elements per row of it. */
  readonly columns: number;
  /** `alpha / rank`. */
  readonly gain: number;
}

/** Whether a module is a plain LoRA: one that can run beside its layer. A core, a magnitude or a bias rules it out. */
export function isLowRank({ family, keys }: AdapterModule): boolean {
  const others = ['mid', 'doraScale', 'magnitude', 'biasDiff', 'upBias'];
  return family === loraFamily && !others.some((part) => keys.has(part));
}

/**
 * Reads the two matrices of a plain LoRA, for running it beside its layer; `undefined` for modules of other kinds,
 * which can only be merged.
 * @throws `numerics` for NaN or infinity, naming the tensor.
 */
export async function lowRankOf(
  opened: OpenedAdapter,
  module: AdapterModule,
  options: AdapterReadOptions = {},
): Promise<LowRank | undefined> {
  const { keys, delta } = module;
  if (!isLowRank(module) || delta?.rank === undefined) return undefined;
  const { rows, columns, rank } = delta;
  const { signal } = options;
  const up = await opened.tensors.read(keys.get('up')!, { signal });
  const down = await opened.tensors.read(keys.get('down')!, { signal });
  return { up, down, rank, rows, columns, gain: await gainOf(opened, module, options) };
}
