import { join } from 'node:path';
import { float32ToFloat16 } from '../../src/core/half.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { type NamedTensor, writeSafetensors } from '../../src/weights/safetensors-writer.ts';
import { modelFolder, writeFile } from './stage-files.ts';

/** Weights as a safetensors file in float16. */
export function halfFile(values: ReadonlyMap<string, StartValue>): Uint8Array {
  return writeSafetensors(
    [...values].map(([name, { shape, values: own }]): NamedTensor => {
      const bits = float32ToFloat16(own);
      const bytes = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
      return { name, type: 'f16', shape, bytes };
    }),
  );
}

/** A part of the model in diffusers' layout: its weights and its `config.json`. */
export async function writePart(
  part: 'unet' | 'vae' | 'text_encoder',
  values: ReadonlyMap<string, StartValue>,
  config: object,
): Promise<void> {
  const file = part === 'text_encoder' ? 'model' : 'diffusion_pytorch_model';
  await writeJson(`${part}/config.json`, config);
  // Last: a stage counts as done when its weights are there.
  await writeFile(join(modelFolder, `model/${part}/${file}.safetensors`), halfFile(values));
}

/** A JSON file of the model. */
export function writeJson(path: string, content: object): Promise<void> {
  return writeFile(join(modelFolder, 'model', path), `${JSON.stringify(content, undefined, 2)}\n`);
}
