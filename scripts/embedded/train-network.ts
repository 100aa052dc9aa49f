import { join } from 'node:path';
import type { Backend, ModelArtifact } from '../../src/backends/backend.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { runTraining } from '../../src/training/run-training.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { learnedValue, restoreState, startState } from '../../src/training/training-state.ts';
import { stageProgress } from './progress.ts';
import { readIfThere, workFolder } from './stage-files.ts';

/** What each stage is told that trains a network from nothing. */
export interface NetworkStage {
  readonly backend: Backend;
  readonly steps: number;
  readonly seed: number;
  /** Default 100. */
  readonly checkpointEvery?: number | undefined;
  /** Where its checkpoint is. */
  readonly folder?: string | undefined;
  readonly stop?: AbortSignal | undefined;
}

/** A network that is trained from nothing. */
export interface NetworkTraining extends NetworkStage {
  readonly name: string;
  readonly artifact: ModelArtifact;
  readonly start: ReadonlyMap<string, StartValue>;
  readonly learningRate: number;
  readonly averageDecay: number;
  /** Inputs by step, besides the weights. */
  feeds(step: number): Record<string, Tensor>;
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
    ...{ backends: [training.backend], artifact: training.artifact, feeds: training.feeds, state, settings },
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
  return new Map([...state.parameters].map(([key, parameter]) => [key, learnedValue(parameter)]));
}
