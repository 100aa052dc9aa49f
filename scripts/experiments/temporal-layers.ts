import { type Backend, bytesSource } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { trainMotionModule } from 'animatediff-js/training';
import { buildArtifact } from '../../src/models/artifact.ts';
import { combinedWeights } from '../../src/models/combined-weights.ts';
import { emitUnet } from '../../src/models/unet.ts';
import { motionModuleCount } from '../../src/models/unet-config.ts';
import { openModel } from '../../src/pipeline/opened-model.ts';
import { namedTensor } from '../../src/training/lora-part.ts';
import { type StartValue, trainUnet } from '../../src/training/train-unet.ts';
import { clipFields, resolveTraining } from '../../src/training/training-options.ts';
import { writeSafetensors } from '../../src/weights/safetensors-writer.ts';
import { animations, captionShares, type ModelUse, meanOf, withModel } from '../embedded/evaluation.ts';
import { tensorsOf } from '../embedded/file-tensors.ts';
import { motionOptions } from '../embedded/motion-stages.ts';
import { clipLength, pictureSize } from '../embedded/scenes.ts';
import { madeOnce } from '../embedded/stage-files.ts';
import { modelSource, seed } from '../embedded/trainer-options.ts';
import { startWeights } from '../embedded/training-graph.ts';
import type { Experiment, ExperimentOptions } from './experiment.ts';
import { type Film, films, percent, says, table } from './html.ts';
import { frameDifference } from './smoothness.ts';
import { newTemporalConvolution, temporalConvolution } from './temporal-convolution.ts';

/** Of both layers; the shipped module has more. */
const steps = 400;

/** Guo et al. 2023, section 5.3: a transformer over the frames beside a convolution of equal size, trained alike. */
export async function temporalLayers({ seeds }: ExperimentOptions): Promise<Experiment> {
  const file = (name: string, train: (name: string) => Promise<Uint8Array>): Promise<Uint8Array> =>
    madeOnce(`${name}.safetensors`, () => train(name));
  const transformer = await file('temporal-transformer', trainTransformer);
  const convolution = await file('temporal-convolution', trainConvolution);
  const values = await tensorsOf(convolution);
  const ways: readonly { name: string; use: ModelUse; file: Uint8Array }[] = [
    { name: 'transformer', use: { motionModule: bytesSource(transformer) }, file: transformer },
    {
      name: 'convolution',
      // The pipeline wants a module to make animations; the network that is run has the convolutions in its place.
      use: { backend: withConvolution(ortNode({ threads: 2 }), values) },
      file: convolution,
    },
  ];
  const rows: {
    name: string;
    parameters: number;
    background: number;
    shape: number;
    motion: number;
    difference: number;
  }[] = [];
  const shown: Film[] = [];
  for (const { name, use, file } of ways) {
    const made = await withModel(use, (pipeline) => animations(pipeline, seeds));
    const { background, shape, motion } = captionShares(made);
    const difference = meanOf(made, ({ frames }) => frameDifference(frames));
    rows.push({ name, parameters: await parametersOf(file), background, shape, motion, difference });
    shown.push(...made.slice(0, 7).map(({ frames }) => ({ frames, caption: name })));
  }
  return {
    title: 'A temporal transformer, and a convolution of equal size',
    figures: { temporalLayers: rows },
    html: [
      says(
        `Both were trained for ${steps} steps on the same clips. Motion that is right, and the difference of neighbouring frames:`,
      ),
      await films(shown),
      table([
        ['layer', 'parameters', 'right shape', 'right motion', 'difference of neighbouring frames'],
        ...rows.map((row) => [
          ...[row.name, row.parameters, percent(row.shape), percent(row.motion)],
          row.difference.toFixed(1),
        ]),
      ]),
    ].join(''),
  };
}

async function trainTransformer(name: string): Promise<Uint8Array> {
  return (await trainMotionModule(motionOptions(name, steps))).file;
}

async function trainConvolution(name: string): Promise<Uint8Array> {
  const start = newTemporalConvolution(seed);
  const { file } = await trainUnet({
    what: name,
    options: resolveTraining(name, motionOptions(name, steps), clipFields()),
    motionModule: undefined,
    frames: { layer: temporalConvolution, weights: startWeights(name, start) },
    settings: {},
    part: async () => ({
      start,
      file: (valuesOf) => writeSafetensors([...start.keys()].map((key) => namedTensor(key, valuesOf(key)))),
    }),
  });
  return file;
}

/** A backend that runs the model's UNet with these convolutions over its frames. */
function withConvolution(backend: Backend, values: ReadonlyMap<string, StartValue>): Backend {
  return {
    ...backend,
    createSession: async (artifact, options) => {
      if (artifact.label !== 'unet') return backend.createSession(artifact, options);
      const { unet, close } = await openModel({ checkpoint: modelSource('model') }, () => undefined);
      try {
        const side = pictureSize / 8;
        const request = {
          ...unet,
          weights: combinedWeights([unet.weights, startWeights('temporal convolution', values)]),
          frameLayer: temporalConvolution,
          dialect: (await backend.capabilities()).dialect,
          // With and without the prompt at once, as guidance asks for it.
          sizes: new Map(Object.entries({ batch: 2, frames: clipLength, height: side, width: side })),
        };
        const changed = await buildArtifact('unet', request, (net) => {
          // What the pipeline feeds a motion module.
          const modules = motionModuleCount(unet.config);
          net.g.input('motion_effect', 'float32', [modules, 'batch', 'frames']);
          net.g.input('motion_scale', 'float32', [modules, 'frames']);
          net.g.output('noise', emitUnet(net, request));
        });
        return await backend.createSession(changed, options);
      } finally {
        await close();
      }
    },
  };
}

async function parametersOf(file: Uint8Array): Promise<number> {
  const tensors = [...(await tensorsOf(file))].filter(([name]) => !name.endsWith('.pe'));
  return tensors.reduce((sum, [, { values }]) => sum + values.length, 0);
}
