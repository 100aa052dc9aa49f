import { fileSource, ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relativeError } from '../../scripts/parity/check.js';
import { openReference, type Reference } from '../../scripts/parity/reference.js';
import { adaptedWeights } from '../../src/adapters/adapted-weights.js';
import { domainAdapter, lora, motionLora, type WeightAdapter } from '../../src/adapters/adapter.js';
import type { AdapterOptions } from '../../src/adapters/adapter-options.js';
import { loadAdapter } from '../../src/adapters/load-adapter.js';
import { lowRankOf } from '../../src/adapters/low-rank.js';
import { type OpenedAdapter, openAdapter } from '../../src/adapters/open-adapter.js';
import { placeAdapter } from '../../src/adapters/place-adapter.js';
import { targetTable } from '../../src/adapters/target-table.js';
import type { ModelArtifact } from '../../src/backends/backend.js';
import type { ModelSource } from '../../src/core/source.js';
import { asFloat32, elementCount, float32Tensor, type Tensor } from '../../src/core/tensor.js';
import { buildClipText } from '../../src/models/clip-text.js';
import { timestepWaves } from '../../src/models/nn/time-embedding.js';
import { buildUnet } from '../../src/models/unet.js';
import type { WeightSource } from '../../src/models/weight-source.js';
import { motionFeeds } from '../../src/pipeline/motion-amounts.js';
import { type OpenedModel, openModel } from '../../src/pipeline/opened-model.js';
import { fixture, tinyModel } from '../support/tiny-model.js';

// The references were computed with torch from the merged weights.

let model: OpenedModel;
let reference: Reference;
const backend = ortNode();
const toClose: { close(): Promise<void> }[] = [];

async function open(adapter: WeightAdapter): Promise<OpenedAdapter> {
  const opened = await openAdapter(adapter);
  toClose.push(opened);
  return opened;
}

beforeAll(async () => {
  model = await openModel(tinyModel(), () => {});
  reference = await openReference(fixture('tiny-sd15'));
});

afterAll(async () => {
  await Promise.all([model, ...toClose].map((file) => file.close()));
  await backend.dispose();
});

async function withAdapters(adapters: readonly WeightAdapter[]): Promise<OpenedModel> {
  const table = targetTable({ unet: model.unet.weights, textEncoder: model.textEncoder.weights });
  const placed = await Promise.all(adapters.map(async (adapter) => placeAdapter(await open(adapter), table)));
  expect(placed.flatMap(({ warnings }) => warnings)).toEqual([]);
  return {
    ...model,
    unet: { ...model.unet, weights: adaptedWeights(model.unet.weights, placed) },
    textEncoder: { ...model.textEncoder, weights: adaptedWeights(model.textEncoder.weights, placed) },
  };
}

async function run(
  artifact: ModelArtifact,
  feeds: Record<string, Tensor>,
  output: string,
): Promise<Float32Array> {
  const session = await backend.createSession(artifact, {});
  try {
    return asFloat32((await session.run(feeds, {}))[output], output).data;
  } finally {
    await session.dispose();
  }
}

async function noise(
  adapters: readonly WeightAdapter[],
  wrap: (weights: WeightSource) => WeightSource = (weights) => weights,
): Promise<Float32Array> {
  const adapted = await withAdapters(adapters);
  const { motion } = model;
  const { config } = adapted.unet;
  const artifact = await buildUnet({
    config,
    weights: wrap(adapted.unet.weights),
    dialect: (await backend.capabilities()).dialect,
    motion: motion && { config: motion.config, version: motion.module.version, groupNorm: 'original' },
  });
  const size = config.blockOutChannels[0]!;
  const [timestep = 0] = (await reference.tensor('unet.timestep')).data;
  const sample = await reference.tensor('unet.sample');
  const feeds = {
    sample,
    time: float32Tensor(timestepWaves(timestep, { ...config, size }), [1, size]),
    context: await reference.tensor('unet.context'),
    ...motionFeeds(config, { batch: 2, frames: sample.shape[2]! }, 1, 1),
  };
  return run(artifact, feeds, 'noise');
}

/** 0, 1 or 2, in no order that a network could have. */
function scattered(i: number, seed: number): number {
  return (Math.imul(i + 1, 2654435761 + 2 * seed * 40503) >>> 16) % 3;
}

/** Weights with the last bits of two in three values changed. */
function lastBitsChanged(weights: WeightSource, seed: number): WeightSource {
  return {
    ...weights,
    identity: async () => undefined,
    read: async (name, options) =>
      (await weights.read(name, options)).map(
        (value, i) => value * (1 + (scattered(i, seed) - 1) * 2 ** -23),
      ),
  };
}

/** How far what was found moves with the last bits of the weights. */
async function movedByLastBits(adapters: () => WeightAdapter[], found: Float32Array): Promise<number> {
  const moved = await Promise.all(
    [1, 2, 3, 4].map(async (seed) => {
      const other = await noise(adapters(), (weights) => lastBitsChanged(weights, seed));
      return relativeError(other, found);
    }),
  );
  return Math.max(...moved);
}

const source = (name: string): ModelSource => fileSource(fixture('tiny-sd15/adapters', name));
const kohya = (options?: AdapterOptions): WeightAdapter => lora(source('style-kohya.safetensors'), options);
const peft = (options?: AdapterOptions): WeightAdapter => lora(source('style-peft.safetensors'), options);
const domain = (options?: AdapterOptions): WeightAdapter =>
  domainAdapter(source('domain-adapter.ckpt'), options);
const motionA = (options?: AdapterOptions): WeightAdapter =>
  motionLora(source('motion-lora-a.ckpt'), options);
const motionB = (options?: AdapterOptions): WeightAdapter =>
  motionLora(source('motion-lora-b.ckpt'), options);

const everything = (): WeightAdapter[] => [
  kohya({ scale: 0.7 }),
  peft({ scale: 0.3 }),
  domain({ scale: 0.5 }),
  motionA({ scale: 0.6 }),
  motionB({ scale: 0.4 }),
];

test.each([
  ['lora_0.7', () => [kohya({ scale: 0.7 })]],
  ['domain_0.0', () => [domain({ scale: 0 })]],
  ['domain_0.25', () => [domain({ scale: 0.25 })]],
  ['domain_1.0', () => [domain()]],
  ['motion_lora_a_1.0', () => [motionA()]],
  ['motion_lora_a_0.6_b_0.4', () => [motionA({ scale: 0.6 }), motionB({ scale: 0.4 })]],
])('the UNet with %s meets its reference', async (name, adapters) => {
  const expected = await reference.tensor(`unet.v2.${name}`);
  const found = await noise(adapters());
  // Processors round differently, and not all of them round as the reference's did.
  const met = relativeError(found, expected.data) <= 1e-4;
  const allowed = met ? 1e-4 : 2 * (await movedByLastBits(adapters, found));
  expect(found).toBeRelativelyCloseTo(expected.data, allowed);
});

// With the PEFT adapter at full strength this random network is so ill-conditioned that a change of the weights' last bits
// moves its output by more than 1e-4: the reference, computed in float32 too, cannot be met more closely than that. That
// the weights are right is tested by themselves below.
test.each([
  ['peft_1.0', () => [peft()]],
  ['everything', everything],
])(
  'the UNet with %s is as near to its reference as the last bits of its weights allow',
  async (name, adapters) => {
    const expected = await reference.tensor(`unet.v2.${name}`);
    const found = await noise(adapters());
    const moved = await movedByLastBits(adapters, found);
    expect(moved).toBeGreaterThan(1e-4);
    expect(found).toBeRelativelyCloseTo(expected.data, 2 * moved);
  },
);

test('weights with several adapters are those of a sum in 64 bits', async () => {
  const adapters = everything();
  const adapted = (await withAdapters(adapters)).unet.weights;
  const opened = await Promise.all(adapters.map(open));
  const table = targetTable({ unet: model.unet.weights, textEncoder: model.textEncoder.weights });
  const attention = 'up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight';
  const motion = 'mid_block.motion_modules.0.transformer_blocks.0.attn1.to_q.weight';
  for (const name of [attention, motion]) {
    const sum = Float64Array.from(await model.unet.weights.read(name));
    for (const one of opened) {
      const placement = placeAdapter(one, table).placements.find(({ target }) => target.weight === name);
      const factors = placement && (await lowRankOf(one, placement.module));
      if (!factors) continue;
      const { up, down, rank, columns, gain } = factors;
      const factor = gain * (one.adapter.scale as number);
      for (let i = 0; i < sum.length; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns];
        for (let r = 0; r < rank; r++)
          sum[i] = sum[i]! + factor * up[row * rank + r]! * down[r * columns + column]!;
      }
    }
    expect(await adapted.read(name)).toBeRelativelyCloseTo(sum, 1e-6);
  }
});

test('the text encoder with a LoRA meets its reference', async () => {
  const { weights, config } = (await withAdapters([kohya({ scale: 0.7 })])).textEncoder;
  const { dialect } = await backend.capabilities();
  const artifact = await buildClipText({ weights, config, dialect });
  const { data, shape } = await reference.tensor('text.ids');
  const places = [...shape, 1];
  const inserted = [...shape, config.hiddenSize];
  const feeds: Record<string, Tensor> = {
    ids: { type: 'int64', shape, data: BigInt64Array.from(data, BigInt) },
    layer: { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(config.numHiddenLayers)) },
    keep: float32Tensor(new Float32Array(elementCount(places)).fill(1), places),
    inserted: float32Tensor(new Float32Array(elementCount(inserted)), inserted),
  };
  const found = await run(artifact, feeds, 'context');
  const expected = await reference.tensor('text.embeddings_lora_0.7');
  expect(found).toBeRelativelyCloseTo(expected.data, 1e-4);
});

test('loadAdapter tells the kinds apart and says what it found', async () => {
  const found = async (name: string): Promise<[string, string | undefined]> => {
    const { kind, summary } = await loadAdapter(source(name));
    return [kind, summary];
  };
  expect(await found('style-kohya.safetensors')).toEqual([
    'lora',
    'This is a LoRA: LoRA on 187 layers of the image UNet, text encoder, rank 2 to 4, kohya names.',
  ]);
  expect(await found('style-peft.safetensors')).toEqual([
    'lora',
    'This is a LoRA: LoRA on 128 layers of the image UNet, rank 8, peft names.',
  ]);
  expect(await found('domain-adapter.ckpt')).toEqual([
    'domain-adapter',
    'This is a domain adapter or early LoRA: LoRA on 128 layers of the image UNet, rank 4, attention-processor names.',
  ]);
  expect(await found('motion-lora-a.ckpt')).toEqual([
    'motion-lora',
    'This is a MotionLoRA: LoRA on 168 layers of the motion module, rank 4, attention-processor names.',
  ]);
});

test('a file given to the wrong function names the right one', async () => {
  const opened = (make: typeof lora, name: string): Promise<unknown> => open(make(source(name)));
  await expect(opened(lora, 'motion-lora-a.ckpt')).rejects.toThrow(
    /motion-lora-a\.ckpt: this is a MotionLoRA: use motionLora\(\)/,
  );
  await expect(opened(motionLora, 'style-kohya.safetensors')).rejects.toThrow(/is a LoRA: use lora\(\)/);
  await expect(opened(motionLora, 'domain-adapter.ckpt')).rejects.toThrow(/use domainAdapter\(\)/);
  await expect(opened(domainAdapter, 'style-kohya.safetensors')).rejects.toThrow(/use lora\(\)/);
  await expect(open(lora(fileSource(fixture('tiny-sd15/motion/v2.ckpt'))))).rejects.toThrow(
    /this is an AnimateDiff v2 motion module.*not a LoRA\. Give it as 'motionModule'/,
  );
});

test('domain adapters pass as LoRAs, and LoRAs of image attention as domain adapters, since they are the same', async () => {
  await expect(open(lora(source('domain-adapter.ckpt')))).resolves.toBeDefined();
  await expect(open(domainAdapter(source('style-peft.safetensors')))).resolves.toBeDefined();
});
