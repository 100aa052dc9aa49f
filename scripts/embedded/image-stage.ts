import { namedTensor } from '../../src/training/lora-part.ts';
import { type StartValue, type TrainingResult, trainUnet } from '../../src/training/train-unet.ts';
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
      const start = new Map<string, StartValue>();
      for (const name of names) {
        start.set(name, { shape: weights.shape(name)!, values: (await weights.read(name)).slice() });
      }
      return {
        start,
        file: (valuesOf) => writeSafetensors(names.map((name) => namedTensor(name, valuesOf(name)))),
      };
    },
  });
}
