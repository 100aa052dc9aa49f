import { join } from 'node:path';
import type { Backend, ModelArtifact } from '../../src/backends/backend.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { runTraining } from '../../src/training/run-training.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { restoreState, startState } from '../../src/training/training-state.ts';
import { stageProgress } from './progress.ts';
import { readIfThere, workFolder } from './stage-files.ts';

/** A network that is trained from nothing. */
export interface NetworkTraining {
  readonly name: string;
  readonly backend: Backend;
  readonly artifact: ModelArtifact;
  readonly start: ReadonlyMap<string, StartValue>;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly averageDecay: number;
  /** Inputs by step, besides the weights. */
  feeds(step: number): Record<string, Tensor>;
  readonly checkpointEvery?: number | undefined;
  readonly folder?: string | undefined;
  readonly stop?: AbortSignal | undefined;
}

/** Trains it, from its checkpoint on if there is one. @returns The moving averages of its weights. */
export async function trainNetwork(training: NetworkTraining): Promise<ReadonlyMap<string, StartValue>> {
  const { name, start, steps, learningRate, averageDecay, seed, folder = workFolder, stop } = training;
  const path = join(folder, `${name}.checkpoint`);
  const settings = JSON.stringify({ name, steps, learningRate, averageDecay, seed });
  const state = startState(start, true);
  const saved = readIfThere(path);
  if (saved) await restoreState(state, saved, settings);
  await runTraining({
    ...{ backend: training.backend, artifact: training.artifact, feeds: training.feeds, state, settings },
    file: () => new Uint8Array(),
    accumulate: 1,
    optimizer: { betas: [0.9, 0.99], epsilon: 1e-8, weightDecay: 0.001 },
    rate: { learningRate, schedule: 'cosine', warmupSteps: Math.min(30, steps >> 2), steps },
    maxGradientNorm: 1,
    averageDecay,
    checkpointEvery: training.checkpointEvery ?? 100,
    sampleEvery: undefined,
    onEvent: stageProgress(name, path),
    stop,
    signal: undefined,
  });
  stop?.throwIfAborted();
  return new Map(
    [...state.parameters].map(([key, { shape, average, values }]) => [
      key,
      { shape, values: average ?? values },
    ]),
  );
}
