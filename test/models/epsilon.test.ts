import { fileSource } from 'animatediff-js/node';
import Pbf from 'pbf';
import { expect, test } from 'vitest';
import type { FusedOperator } from '../../src/backends/backend.js';
import { buildUnet } from '../../src/models/unet.js';
import { buildVaeDecoder } from '../../src/models/vae-decoder.js';
import { openModel } from '../../src/pipeline/opened-model.js';
import { fixture } from '../support/tiny-model.js';

// The references hardly notice a wrong epsilon, so the graphs themselves are asked: the CPU's, which have it as it is.
const cpu = new Set<FusedOperator>(['FusedConv']);

/** Epsilons of all normalisations, by node name. */
function epsilons(graph: Uint8Array): Map<string, number> {
  const found = new Map<string, number>();
  const attribute = (tag: number, result: { name: string; value: number }, pbf: Pbf): void => {
    if (tag === 1) result.name = pbf.readString();
    if (tag === 2) result.value = pbf.readFloat();
  };
  const node = (tag: number, result: { name: string; epsilon: number }, pbf: Pbf): void => {
    if (tag === 3) result.name = pbf.readString();
    if (tag !== 5) return;
    const { name, value } = pbf.readMessage(attribute, { name: '', value: 0 });
    if (name === 'epsilon') result.epsilon = value;
  };
  const body = (tag: number, _: object, pbf: Pbf): void => {
    if (tag !== 1) return;
    const { name, epsilon } = pbf.readMessage(node, { name: '', epsilon: 0 });
    if (epsilon > 0) found.set(name, epsilon);
  };
  new Pbf(graph).readFields((tag, _: object, pbf) => {
    if (tag === 7) pbf.readMessage(body, {});
  }, {});
  return found;
}

const model = await openModel(
  {
    checkpoint: fileSource(fixture('tiny-sd15/model')),
    motionModule: fileSource(fixture('tiny-sd15/motion/v2.ckpt')),
  },
  () => undefined,
);
await model.close();

test('a UNet divides by the epsilons it was trained with', async () => {
  const motion = { config: model.motion!.config, version: 'v2', groupNorm: 'original' as const };
  const { graph } = await buildUnet({ ...model.unet, dialect: cpu, motion });
  for (const [name, epsilon] of epsilons(graph)) {
    // Group norms before a transformer over pixels or frames differ from all others.
    const before = /(attentions|motion_modules)\.\d+\.norm\.InstanceNormalization$/.test(name);
    expect([name, epsilon]).toEqual([name, Math.fround(before ? 1e-6 : 1e-5)]);
  }
});

test('every norm of a VAE has 1e-6', async () => {
  const found = epsilons((await buildVaeDecoder({ ...model.vae, dialect: cpu })).graph);
  expect(found.size).toBeGreaterThan(10);
  expect(new Set(found.values())).toEqual(new Set([Math.fround(1e-6)]));
});

test('graphs for graphics cards have one epsilon in all group norms, and larger values where it should be smaller', async () => {
  const motion = { config: model.motion!.config, version: 'v2', groupNorm: 'original' as const };
  const dialect = new Set<FusedOperator>();
  const graphs = [
    await buildUnet({ ...model.unet, dialect, motion }),
    await buildVaeDecoder({ ...model.vae, dialect }),
  ];
  for (const { graph } of graphs) {
    const groups = [...epsilons(graph)].filter(([name]) => name.endsWith('InstanceNormalization'));
    expect(new Set(groups.map(([, epsilon]) => epsilon))).toEqual(new Set([Math.fround(1e-5)]));
  }
});
