import type { ModelArtifact, Tensor } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FusedOperator } from '../../src/backends/backend.js';
import { buildShallowUnet, deepEntry } from '../../src/models/shallow-unet.js';
import { plainUnet, type UnetForm } from '../../src/models/unet-form.js';
import type { OpenedModel } from '../../src/pipeline/opened-model.js';
import { openTiny, tinyUnet, type Writing } from './tiny-networks.js';

const backend = ortNode();
let model: OpenedModel;
let dialect: ReadonlySet<FusedOperator>;
beforeAll(async () => {
  model = await openTiny();
  ({ dialect } = await backend.capabilities());
});
afterAll(async () => {
  await model.close();
  await backend.dispose();
});

const shallow = (form: UnetForm, writing: Writing): Promise<ModelArtifact> =>
  buildShallowUnet({
    ...model.unet,
    ...writing,
    form,
    motion: { config: model.motion!.config, version: 'v2', groupNorm: 'original' },
  });

/** Milliseconds that a busy machine may take to load a network three times. */
const slow = 180_000;

const valuesOf = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array;

async function outputs(
  artifact: ModelArtifact,
  feeds: Record<string, Tensor>,
): Promise<Record<string, Tensor>> {
  const session = await backend.createSession(artifact);
  const own = artifact.inputs.map(({ name }) => [name, feeds[name]!]);
  try {
    return await session.run(Object.fromEntries(own) as Record<string, Tensor>);
  } finally {
    await session.dispose();
  }
}

describe('given the features of the same step, the shallow layers give what the whole UNet gives', () => {
  test.each<[string, Partial<UnetForm>, number]>([
    ['branch 0', { deepFeatures: 0 }, 0],
    ['branch 1, with views', { deepFeatures: 1, viewWindows: true }, 0],
    ['branch 2', { deepFeatures: 2 }, 0],
    // The runtime joins the division by the backbone's range with its neighbours in one of the two.
    ['branch 2, with FreeU, which weights its first layer', { deepFeatures: 2, freeU: 2 }, 1e-5],
    ['in float16', { deepFeatures: 1, precision: 'float16' }, 0],
  ])(
    '%s',
    async (_, changes, tolerance) => {
      const form: UnetForm = { ...plainUnet, ...changes };
      const writing: Writing = { precision: form.precision ?? 'float32', dialect };
      const { feeds, build } = tinyUnet(model, form);
      const plain = await outputs(
        await tinyUnet(model, { ...form, deepFeatures: undefined }).build(writing),
        feeds(),
      );
      const { noise, deep_features: features } = await outputs(await build(writing), feeds());
      expect(noise).toEqual(plain['noise']);
      const { channels } = deepEntry(model.unet.config, form.deepFeatures!);
      expect(features).toMatchObject({ type: 'float32', shape: [2 * 3, channels, 16, 16] });
      const given = { ...feeds(), deep_features: features! };
      const again = await outputs(await shallow(form, writing), given);
      expect(valuesOf(again['noise'])).toBeRelativelyCloseTo(valuesOf(noise), tolerance);
    },
    slow,
  );
});

test.each([
  [0, ['conv_in', 'conv_norm_out', 'conv_out', 'time_embedding', 'up_blocks.3 layer 2']],
  [
    1,
    [
      'conv_in',
      'conv_norm_out',
      'conv_out',
      'down_blocks.0 layer 0',
      'time_embedding',
      'up_blocks.3 layer 1',
      'up_blocks.3 layer 2',
    ],
  ],
])('branch %i asks for no more weights than it needs', async (deepFeatures, expected) => {
  const { weights } = await shallow({ ...plainUnet, deepFeatures }, { precision: 'float32', dialect });
  const names = weights.flatMap(({ tensors }) => tensors.map(({ name }) => name));
  const places = names.map((name) => {
    const [, block, index] = /^(\w+_blocks\.\d)\.\w+\.(\d)\./.exec(name) ?? [];
    return block === undefined ? name.split('.')[0]! : `${block} layer ${index}`;
  });
  expect([...new Set(places)].sort()).toEqual(expected);
});

test('has no inputs that it does not read', async () => {
  const { inputs } = await shallow(
    { ...plainUnet, deepFeatures: 0, freeU: 1 },
    { precision: 'float32', dialect },
  );
  expect(inputs.map(({ name }) => name)).toEqual([
    'sample',
    'time',
    'context',
    'motion_effect',
    'motion_scale',
    'deep_features',
  ]);
});

test.each([-1, 3, 0.5])('there is no branch %s', (branch) => {
  expect(() => deepEntry(model.unet.config, branch)).toThrow(/branch: expected a whole number from 0 to 2/);
});
