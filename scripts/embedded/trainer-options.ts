import { join } from 'node:path';
import { domainAdapter } from 'animatediff-js';
import { fileSource, folderLatentCache, ortNode } from 'animatediff-js/node';
import type { ModelSource } from '../../src/core/source.ts';
import type { TrainingOptions } from '../../src/training/training-options.ts';
import { stageProgress } from './progress.ts';
import { modelFolder, readIfThere, workFolder } from './stage-files.ts';

/** Where everything random begins. */
export const seed = 20;

/** Files of the model, below its folder. */
export const modelFiles = {
  adapter: 'adapters/domain-adapter.safetensors',
  style: 'adapters/style-pastel.safetensors',
  motion: 'motion/motion-module.safetensors',
} as const;

// Networks of this size keep two backends of one thread busier than one of two.
const [backend, second] = [ortNode({ threads: 1 }), ortNode({ threads: 1 })];

/** A file's path in the model. */
export function inModel(path: string): string {
  return join(modelFolder, path);
}

/** A file or folder of the model. */
export function modelSource(path: string): ModelSource {
  return fileSource(inModel(path));
}

/** What all trainers of the library are given; an interrupted run of that name goes on from its checkpoint. */
export function trainerOptions(name: string): Omit<TrainingOptions, 'clips' | 'steps'> {
  const checkpoint = join(workFolder, `${name}.checkpoint`);
  return {
    backend,
    moreBackends: [second],
    accumulate: 2,
    checkpoint: modelSource('model'),
    schedule: 'cosine',
    warmupSteps: 20,
    minSnrGamma: 5,
    seed,
    latentCache: folderLatentCache(join(workFolder, 'latents')),
    checkpointEvery: 100,
    resume: readIfThere(checkpoint),
    onEvent: stageProgress(name, checkpoint),
  };
}

/** The domain adapter, in place while motion is learned. */
export function adapterInPlace(): ReturnType<typeof domainAdapter> {
  return domainAdapter(modelSource(modelFiles.adapter));
}
