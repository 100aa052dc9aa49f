import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inProcess } from './in-process.js';
import type { RandomModel } from './random-model.js';
import type { TrainingResult } from './result.js';
import type { TrainingCost, TrainingTask } from './training-run.js';

/** What the part about training is told. */
export interface TrainingBenchOptions {
  readonly folder: string;
  readonly threads: number;
  readonly repeats: number;
  readonly frames: number;
  /** Side of the square frames, in pixels. */
  readonly pixels: number;
  note(text: string): void;
}

/**
 * A step of a MotionLoRA against one evaluation of the same network, each in a process of its own, whose peak is nobody
 * else's.
 */
export async function benchTraining(
  model: RandomModel,
  { folder, note, ...size }: TrainingBenchOptions,
): Promise<TrainingResult> {
  const cache = mkdtempSync(join(folder, 'cache-'));
  const costs = new Map<TrainingTask['kind'], TrainingCost>();
  try {
    for (const kind of ['portable', 'fused', 'step', 'recomputed'] as const) {
      note(`training: ${kind}`);
      const task: TrainingTask = { ...size, kind, model, cache };
      const cost = await inProcess<TrainingCost>('./training-run.ts', task);
      // Told at once: it has taken minutes.
      note(`training: ${JSON.stringify(cost)}`);
      costs.set(kind, cost);
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  const of = (kind: TrainingTask['kind']): TrainingCost => costs.get(kind)!;
  return {
    frames: size.frames,
    pixels: size.pixels,
    portable: of('portable'),
    fused: of('fused'),
    step: of('step'),
    recomputed: of('recomputed'),
    stepOverPortable: of('step').cpuSeconds / of('portable').cpuSeconds,
    stepOverFused: of('step').cpuSeconds / of('fused').cpuSeconds,
    recomputedPeakShare: of('recomputed').privatePeakBytes / of('step').privatePeakBytes,
  };
}
