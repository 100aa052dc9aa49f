import { expect, test } from 'vitest';
import { adaptedWeights } from '../../src/adapters/adapted-weights.js';
import { lora } from '../../src/adapters/adapter.js';
import { openAdapter } from '../../src/adapters/open-adapter.js';
import { bytesSource } from '../../src/core/bytes-source.js';
import type { ByteSource } from '../../src/core/source.js';
import type { Warning } from '../../src/core/warnings.js';
import {
  file,
  kohyaLayer,
  layer,
  module,
  oneLayer,
  opened,
  placed,
  scalar,
  type Values,
  values,
} from './files.js';

const plain = { '.lora_up.weight': values(1, 4, 2), '.lora_down.weight': values(2, 2, 3) };

function refused(
  parts: Record<string, Values>,
  target?: string,
): ReturnType<typeof expect<Promise<unknown>>>['rejects'] {
  return expect(opened(module(parts, target))).rejects;
}

test('files that do not fit themselves are refused from their headers, naming the tensors', async () => {
  const cases: [Record<string, Values>, RegExp][] = [
    [
      { ...plain, '.lora_down.weight': values(2, 0, 3) },
      /lora_down\.weight' has the shape \[0, 3\]: it is empty/,
    ],
    [
      { ...plain, '.lora_down.weight': values(2, 3, 3) },
      /lora_up\.weight' \[4, 2\] and .*\[3, 3\] cannot be multiplied/,
    ],
    [
      { ...plain, '.lora_up.weight': values(2, 4, 2, 3, 3) },
      /lora_up\.weight' \[4, 2, 3, 3\] must be \[out, rank\]/,
    ],
    [{ '.lora_up.weight': values(1, 4, 2) }, /incomplete: of its tensors there is only .*lora_up\.weight/],
    [{ '.lora_up.weight': values(1, 4, 2), '.alpha': scalar(1) }, /incomplete/],
    [{ '.alpha': scalar(1) }, /not a LoRA|incomplete/],
    [{ ...plain, '.alpha': values(1, 3) }, /alpha' has the shape \[3\], but must be one number/],
    [{ ...plain, '.dora_scale': values(1, 7, 1) }, /dora_scale' \[7, 1\] does not fit a weight of 4 rows/],
    [{ ...plain, '.lora_B.bias': values(1, 9) }, /do not fit each other/],
    [{ ...plain, '.lora_mid.weight': values(1, 3, 3, 3, 3) }, /cannot be multiplied/],
    [
      {
        '.hada_w1_a': values(1, 4, 2),
        '.hada_w1_b': values(1, 2, 3),
        '.hada_w2_a': values(1, 4, 2),
        '.hada_w2_b': values(1, 2, 4),
      },
      /two matrices of different shapes/,
    ],
    [
      {
        '.lokr_w1': values(1, 2, 2),
        '.lokr_w1_a': values(1, 2, 1),
        '.lokr_w1_b': values(1, 1, 2),
        '.lokr_w2': values(1, 2, 2),
      },
      /say the same thing twice/,
    ],
  ];
  for (const [parts, message] of cases) {
    await refused(parts).toMatchObject({ code: 'weights-mismatch', message: expect.stringMatching(message) });
  }
});

test('a part that is there twice, and two methods for one module, name both keys', async () => {
  const twice = { ...plain, '.lora_A.weight': values(2, 2, 3) };
  await refused(twice).toThrow(/lora_down\.weight' and .*lora_A\.weight' are the same part of one module/);
  await refused({ ...plain, '.diff': values(2, 4, 3) }).toThrow(/in two ways \(LoRA, full difference\)/);
  const named = {
    ...plain,
    '.lora_A.first.weight': values(2, 2, 3),
    '.lora_A.second.weight': values(2, 2, 3),
  };
  await refused(named).toThrow(/are the same part/);
});

test('methods that are not supported are named with a key', async () => {
  for (const [ending, what] of [
    ['.oft_blocks', 'OFT'],
    ['.on_input', 'IA³'],
    ['.a1.weight', 'GLoRA'],
    ['.lora_embedding_A', 'embedding table'],
  ] as const) {
    await refused({ ...plain, [ending]: values(1, 2, 2) }).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(new RegExp(`${what}.*${ending.replaceAll('.', '\\.')}`)),
    });
  }
});

test('LoRAs for other base models are refused by what gives them away', async () => {
  const crossAttention = 'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k';
  const wide = (width: number): Record<string, Values> => ({
    '.lora_up.weight': values(1, 4, 2),
    '.lora_down.weight': values(2, 2, width),
  });
  await refused(wide(2048), crossAttention).toThrow(
    /this is a LoRA for Stable Diffusion XL; AnimateDiff needs/,
  );
  await refused(wide(1024), crossAttention).toThrow(/this is a LoRA for Stable Diffusion 2\.x/);
  await refused(plain, 'lora_te2_text_model_encoder_layers_0_mlp_fc1').toThrow(/Stable Diffusion XL/);
  await refused(plain, kohyaLayer.replace('transformer_blocks_0', 'transformer_blocks_5')).toThrow(
    /Stable Diffusion XL/,
  );
  const hada = {
    '.hada_w1_a': values(1, 4, 2),
    '.hada_w1_b': values(1, 2, 2048),
    '.hada_w2_a': values(1, 4, 2),
    '.hada_w2_b': values(1, 2, 2048),
  };
  await refused(hada, crossAttention).toThrow(/Stable Diffusion XL/);
});

test('a small file that claims gigabytes is refused before anything is allocated', async () => {
  const header = JSON.stringify({
    [`${kohyaLayer}.lora_up.weight`]: {
      dtype: 'F32',
      shape: [40000, 40000],
      data_offsets: [0, 6_400_000_000],
    },
  });
  const bytes = new Uint8Array(8 + header.length + 16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  const source = bytesSource(bytes, { name: 'huge.safetensors' });
  await expect(openAdapter(lora(source))).rejects.toMatchObject({ code: 'weights-format' });
});

test('opening reads the header only', async () => {
  const large = { '.lora_up.weight': values(1, 20_000, 2), '.lora_down.weight': values(2, 2, 20_000) };
  const source = file(module(large));
  let read = 0;
  const counted: ByteSource = {
    ...source,
    read(offset, length, options) {
      read += length;
      return source.read(offset, length, options);
    },
  };
  await openAdapter(lora(counted));
  expect(read).toBeLessThan(4000);
});

test('quantised factors are not taken for numbers', async () => {
  const { openedAdapter } = await import('../../src/adapters/open-adapter.js');
  const store = {
    label: 'int8.safetensors',
    entries: new Map(
      Object.keys(module(plain)).map((name, i) => [
        name,
        { name, type: 'i8' as const, shape: i === 0 ? [4, 2] : [2, 3] },
      ]),
    ),
    metadata: new Map(),
    read: () => Promise.reject(new Error('not needed')),
    fingerprint: async () => undefined,
    close: async () => {},
  };
  expect(() => openedAdapter(lora(file(module(plain))), { store, config: undefined })).toThrow(
    /quantised to i8/,
  );
});

function merged(
  parts: Record<string, Values>,
  scale = 1,
  onWarning?: (warning: Warning) => void,
): Promise<Float32Array> {
  const base = oneLayer([4, 3]);
  return placed(base, module(parts), { scale }).then((one) =>
    adaptedWeights(base, [one], { onWarning }).read(`${layer}.weight`),
  );
}

test('NaN and infinity are refused with the name of the tensor', async () => {
  await expect(merged({ ...plain, '.alpha': scalar(Number.NaN) })).rejects.toMatchObject({
    code: 'numerics',
    message: expect.stringContaining(`${kohyaLayer}.alpha`),
  });
  const bad = values(1, 4, 2);
  bad.data[3] = Number.POSITIVE_INFINITY;
  await expect(merged({ ...plain, '.lora_up.weight': bad })).rejects.toMatchObject({
    code: 'numerics',
    message: expect.stringContaining('lora_up.weight'),
  });
  await expect(merged(plain, 3e38)).rejects.toMatchObject({
    code: 'numerics',
    message: expect.stringContaining(`makes '${layer}.weight' infinite`),
  });
});

test('alpha 0 is taken for the rank, with a warning that comes once', async () => {
  const warnings: Warning[] = [];
  const base = oneLayer([4, 3]);
  const zero = await placed(base, module({ ...plain, '.alpha': scalar(0) }));
  const adapted = adaptedWeights(base, [zero], { onWarning: (warning) => warnings.push(warning) });
  await adapted.read(`${layer}.weight`);
  expect(await adapted.read(`${layer}.weight`)).toEqual(await merged(plain));
  expect(warnings).toMatchObject([{ code: 'adapter-alpha-zero' }]);
});

test('what is left out is told', async () => {
  const extra = {
    ...module(plain),
    'bundle_emb.word.string_to_param.*': values(1, 1, 768),
    'something.else': values(1, 2),
  };
  const { warnings } = await opened(extra);
  expect(warnings).toMatchObject([
    { code: 'adapter-keys-skipped', message: expect.stringContaining('save them as files of their own') },
    { code: 'adapter-keys-unknown', message: expect.stringContaining("'something.else'") },
  ]);
  const broken = await opened(module(plain), { metadata: { lora_adapter_metadata: '{' } });
  expect(broken.warnings).toMatchObject([{ code: 'adapter-config-unreadable' }]);
});

test('the file is closed when opening fails', async () => {
  let closed = 0;
  const source = {
    ...file(module({ ...plain, '.oft_blocks': values(1, 2) })),
    close: async () => void closed++,
  };
  await expect(openAdapter(lora(source))).rejects.toThrow();
  expect(closed).toBeGreaterThan(0);
});
