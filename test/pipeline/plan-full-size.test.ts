import { readFileSync } from 'node:fs';
import { AnimateDiffPipeline, type ByteSource, type MemoryPlan, type PlanOptions } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { expect, test } from 'vitest';
import { safetensorsHeader } from '../../src/weights/safetensors-writer.js';
import { fixture } from '../support/tiny-model.js';

const options = {
  checkpoint: headerOnly('sd15-single-file.json'),
  motionModule: headerOnly('motion-v2.json'),
  numFrames: 8,
  width: 256,
};

test('Stable Diffusion 1.5 with a v2 module is planned from headers: 1.49 billion weights', async () => {
  const { residency, networks } = await AnimateDiffPipeline.plan(options);
  const millions = networks.map(({ name, weightBytes }) => [name, Math.round(weightBytes / 4e6)]);
  expect(residency).toBe('unet');
  expect(Object.fromEntries(millions)).toMatchObject({ text_encoder: 123, unet: 1313, vae_decoder: 49 });
});

test('the CPU takes some weights in another form, and quantised ones in fewer bytes', async () => {
  const backend = ortNode();
  const bytes = async (more: PlanOptions): Promise<number> =>
    unetBytes(await AnimateDiffPipeline.plan({ ...options, ...more }));
  const plain = await bytes({});
  const [own, int8, int4, dynamic] = await Promise.all([
    bytes({ backend }),
    bytes({ backend, quantization: 'int8' }),
    bytes({ backend, quantization: 'int4' }),
    bytes({ backend, quantization: 'int8-dynamic' }),
  ]);
  await backend.dispose();
  expect([own, int8, int4, dynamic].map((each) => Number((each! / plain).toFixed(2)))).toEqual([
    1.27, 0.86, 0.8, 0.9,
  ]);
});

function unetBytes({ networks }: MemoryPlan): number {
  return networks.find(({ name }) => name === 'unet')!.weightBytes;
}

/** A file of full size with real names and shapes, of which only the header can be read. */
function headerOnly(names: string): ByteSource {
  const shapes = JSON.parse(readFileSync(fixture(`names/${names}`), 'utf8')) as Record<string, number[]>;
  const entries = Object.entries(shapes).map(([name, shape]) => ({ name, shape, type: 'f16' as const }));
  const header = safetensorsHeader(entries);
  const elements = entries.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    kind: 'file',
    name: names,
    size: async () => header.byteLength + 2 * elements,
    read: async (offset, length) => {
      if (offset + length > header.byteLength) throw new Error('a weight was read');
      return header.slice(offset, offset + length);
    },
    fingerprint: async () => names,
    close: async () => undefined,
  };
}
