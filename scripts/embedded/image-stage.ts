import { namedTensor } from '../../src/training/lora-part.ts';
import { startValues } from '../../src/training/start-values.ts';
import { type TrainingResult, trainUnet } from '../../src/training/train-unet.ts';
import { resolveTraining, type TrainingOptions } from '../../src/training/training-options.ts';
import { writeSafetensors } from '../../src/weights/safetensors-writer.ts';

/** Trains all weights of an image UNet on single frames. The file has diffusers' names, in float32. */
export function trainImageModel(options: TrainingOptions): Promise<TrainingResult> {
  const what = 'trainImageModel';
  return trainUnet({
    what,
    options: { ...resolveTraining(what, options, {}), numFrames: 1, frameStride: 1 },
    motionModule: undefined,
    settings: {},
    async part({ unet: { weights } }) {
      const names = [...weights.names].sort();
      return {
        start: await startValues(weights, names),
        file: (valuesOf) => writeSafetensors(names.map((name) => namedTensor(name, valuesOf(name)))),
      };
    },
  });
}
