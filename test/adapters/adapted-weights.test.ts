import { expect, test } from 'vitest';
import { adaptedWeights } from '../../src/adapters/adapted-weights.js';
import { scaleOf } from '../../src/adapters/adapter-scale.js';
import { readLiveModules } from '../../src/adapters/live-modules.js';
import { mergedNames, namesChangedByScale } from '../../src/adapters/merged-names.js';
import { layer, module, oneLayer, placed, scalar, type Values, values } from './files.js';

const base = oneLayer([4, 3]);
const name = `${layer}.weight`;

function plain(seed: number): Record<string, Values> {
  return module({
    '.lora_up.weight': values(seed, 4, 2),
    '.lora_down.weight': values(seed + 1, 2, 3),
    '.alpha': scalar(1),
  });
}

test('a scale of 0 gives the very weights of the model', async () => {
  const off = await placed(base, plain(1), { scale: 0 });
  const adapted = adaptedWeights(base, [off]);
  expect(await adapted.read(name)).toBe(await base.read(name));
  expect(await adapted.identity()).toBe(await base.identity());
});

test('weights that no adapter touches come as they are, and merging leaves the originals alone', async () => {
  const original = Float32Array.from(await base.read(name));
  const adapted = adaptedWeights(base, [await placed(base, plain(1))]);
  expect(await adapted.read(`${layer}.bias`)).toBe(await base.read(`${layer}.bias`));
  expect(await adapted.read(name)).not.toEqual(original);
  expect(await base.read(name)).toEqual(original);
});

test('the order in which adapters are given changes nothing but rounding', async () => {
  const dora = { ...plain(9), ...module({ '.dora_scale': values(11, 4, 1) }) };
  const three = [
    await placed(base, plain(1), { name: 'b', scale: 0.3 }),
    await placed(base, plain(5), { name: 'a', scale: -1.7 }),
    await placed(base, dora, { name: 'c', scale: 0.4 }),
  ];
  const forwards = adaptedWeights(base, three);
  const backwards = adaptedWeights(base, [...three].reverse());
  expect(await backwards.read(name)).toBeRelativelyCloseTo(await forwards.read(name), 1e-6);
});

test('the identity tells files and scales apart, and is unknown where a file has none', async () => {
  const identity = async (seed: number, scale: number): Promise<string | undefined> =>
    adaptedWeights(base, [await placed(base, plain(seed), { scale })]).identity();
  const all = await Promise.all([base.identity(), identity(1, 1), identity(1, 0.5), identity(2, 1)]);
  expect(new Set(all).size).toBe(4);
  expect(all).not.toContain(undefined);
  expect(await identity(1, 1)).toBe(all[1]);

  const one = await placed(base, plain(1));
  const tensors = { ...one.opened.tensors, identity: async () => undefined };
  const unknown = { ...one, opened: { ...one.opened, tensors } };
  expect(await adaptedWeights(base, [unknown]).identity()).toBeUndefined();
});

test('scales by part multiply: component times block', () => {
  const scale = { unet: 0.5, motion: 0.25, textEncoder: 0.75, mid: 0, up: 2 };
  expect(scaleOf(scale, 'down_blocks.0.attentions.0.proj_in.weight')).toBe(0.5);
  expect(scaleOf(scale, 'mid_block.attentions.0.proj_in.weight')).toBe(0);
  expect(scaleOf(scale, 'up_blocks.1.attentions.0.proj_in.weight')).toBe(1);
  expect(scaleOf(scale, 'up_blocks.1.motion_modules.0.proj_in.weight')).toBe(0.5);
  expect(scaleOf(scale, 'conv_in.weight')).toBe(0.5);
  expect(scaleOf(scale, 'text_model.encoder.layers.0.mlp.fc1.weight')).toBe(0.75);
  expect(scaleOf({}, 'conv_in.weight')).toBe(1);
  expect(scaleOf(0.3, 'anything')).toBe(0.3);
});

test('the weights that a new scale changes are known, so that only they are merged again', async () => {
  const one = await placed(base, plain(1));
  expect(mergedNames(one)).toEqual(new Set([name]));
  expect(namesChangedByScale(one, 1, { unet: 1 })).toEqual(new Set());
  expect(namesChangedByScale(one, 1, { down: 0.5 })).toEqual(new Set([name]));
});

test('a live LoRA leaves the weights alone and multiplies out to the merged change', async () => {
  const live = await placed(base, plain(1), { mode: 'live' });
  expect(mergedNames(live)).toEqual(new Set());
  expect(await adaptedWeights(base, [live]).read(name)).toBe(await base.read(name));

  const change = (await readLiveModules(live, base)).get(name)!;
  if (change.kind !== 'low-rank') throw new Error('a plain LoRA is low-rank');
  const { up, down, rank } = change;
  const original = await base.read(name);
  const columns = down.length / rank;
  const sum = Float64Array.from(original, (value, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return value + up[row * 2]! * down[column]! + up[row * 2 + 1]! * down[columns + column]!;
  });
  const fused = await adaptedWeights(base, [await placed(base, plain(1))]).read(name);
  expect(fused).toBeRelativelyCloseTo(sum, 1e-6);
});

test('what is not low-rank runs live as the difference that it makes', async () => {
  const full = module({ '.diff': values(1, 4, 3) });
  const dora = { ...plain(1), ...module({ '.dora_scale': values(11, 4, 1) }) };
  for (const tensors of [full, dora]) {
    const live = await placed(base, tensors, { mode: 'live' });
    const change = (await readLiveModules(live, base)).get(name)!;
    if (change.kind !== 'dense') throw new Error('a difference is dense');
    const fused = await adaptedWeights(base, [await placed(base, tensors)]).read(name);
    const sum = (await base.read(name)).map((value, i) => value + change.delta[i]!);
    expect(sum).toBeRelativelyCloseTo(fused, 1e-6);
  }
});

test('long merges let the event loop run, and end when the signal says so', async () => {
  const large = oneLayer([1280, 1280]);
  const adapter = await placed(
    large,
    module({ '.lora_up.weight': values(1, 1280, 256), '.lora_down.weight': values(2, 256, 1280) }),
  );
  const adapted = adaptedWeights(large, [adapter]);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await adapted.read(name);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);

  const controller = new AbortController();
  const reading = adapted.read(name, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 5);
  await expect(reading).rejects.toThrow('enough');
});
