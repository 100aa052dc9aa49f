import { expect, test } from 'vitest';
import { adaptedWeights } from '../../src/adapters/adapted-weights.js';
import { layer, module, oneLayer, placed, scalar, type Values, values } from './files.js';

// Every formula is computed here a second time, element by element and in 64 bits.

const scale = 0.7;

/** What the adapter adds to the layer's weight. */
async function delta(
  shape: readonly number[],
  parts: Record<string, Values>,
  options: { metadata?: Record<string, string>; file?: string; target?: string } = {},
): Promise<Float64Array> {
  const base = oneLayer(shape);
  const { target, ...rest } = options;
  const adapted = adaptedWeights(base, [await placed(base, module(parts, target), { scale, ...rest })]);
  const [before, after] = [await base.read(`${layer}.weight`), await adapted.read(`${layer}.weight`)];
  return Float64Array.from(after, (value, i) => value - before[i]!);
}

/** Fills `[rows, columns]` from a formula. */
function matrix(rows: number, columns: number, at: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
}

function sum(count: number, at: (index: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += at(i);
  return total;
}

test('LoRA on a linear layer: scale · alpha / rank · up · down', async () => {
  for (const [rows, columns, rank] of [
    [5, 7, 3],
    [6, 4, 4],
    [9, 1100, 6],
    [1, 3, 1],
  ] as const) {
    const [up, down] = [values(1, rows, rank), values(2, rank, columns)];
    const found = await delta([rows, columns], {
      '.lora_up.weight': up,
      '.lora_down.weight': down,
      '.alpha': scalar(2),
    });
    const expected = matrix(rows, columns, (o, i) => {
      return scale * (2 / rank) * sum(rank, (r) => up.data[o * rank + r]! * down.data[r * columns + i]!);
    });
    expect(found).toBeRelativelyCloseTo(expected, 1e-6);
  }
});

test('without alpha the factor is the scale alone', async () => {
  const [up, down] = [values(1, 4, 2), values(2, 2, 3)];
  const found = await delta([4, 3], { '.lora_up.weight': up, '.lora_down.weight': down });
  const expected = matrix(4, 3, (o, i) => scale * sum(2, (r) => up.data[o * 2 + r]! * down.data[r * 3 + i]!));
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

test('LoRA of a 1×1 convolution fits a linear layer, and the reverse', async () => {
  const [up, down] = [values(1, 4, 2), values(2, 2, 3)];
  const linear = { '.lora_up.weight': up, '.lora_down.weight': down };
  const conv = {
    '.lora_up.weight': { ...up, shape: [4, 2, 1, 1] },
    '.lora_down.weight': { ...down, shape: [2, 3, 1, 1] },
  };
  const expected = await delta([4, 3], linear);
  expect(await delta([4, 3], conv)).toEqual(expected);
  expect(await delta([4, 3, 1, 1], linear)).toEqual(expected);
});

test('LoRA of a 3×3 convolution: the kernel is in down', async () => {
  const [up, down] = [values(1, 4, 2, 1, 1), values(2, 2, 3, 3, 3)];
  const found = await delta([4, 3, 3, 3], { '.lora_up.weight': up, '.lora_down.weight': down });
  const expected = matrix(
    4,
    27,
    (o, i) => scale * sum(2, (r) => up.data[o * 2 + r]! * down.data[r * 27 + i]!),
  );
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

test('LoRA with a core: the kernel is in mid', async () => {
  const [up, mid, down] = [values(1, 4, 2, 1, 1), values(3, 2, 2, 3, 3), values(2, 2, 5, 1, 1)];
  const found = await delta([4, 5, 3, 3], {
    '.lora_up.weight': up,
    '.lora_mid.weight': mid,
    '.lora_down.weight': down,
    '.alpha': scalar(1),
  });
  const expected = matrix(4, 45, (o, column) => {
    const [i, k] = [Math.floor(column / 9), column % 9];
    const product = sum(2, (m) =>
      sum(2, (n) => mid.data[(m * 2 + n) * 9 + k]! * up.data[o * 2 + m]! * down.data[n * 5 + i]!),
    );
    return scale * 0.5 * product;
  });
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

const hada = (a1: Values, b1: Values, a2: Values, b2: Values): Record<string, Values> => ({
  '.hada_w1_a': a1,
  '.hada_w1_b': b1,
  '.hada_w2_a': a2,
  '.hada_w2_b': b2,
});

test('LoHa: two products multiplied element by element, scaled once', async () => {
  const [a1, b1, a2, b2] = [values(1, 4, 2), values(2, 2, 27), values(3, 4, 2), values(4, 2, 27)];
  const found = await delta([4, 3, 3, 3], { ...hada(a1, b1, a2, b2), '.alpha': scalar(3) });
  const product = (a: Values, b: Values, o: number, i: number): number =>
    sum(2, (r) => a.data[o * 2 + r]! * b.data[r * 27 + i]!);
  const expected = matrix(4, 27, (o, i) => scale * 1.5 * product(a1, b1, o, i) * product(a2, b2, o, i));
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

/** `Σ_p Σ_q core[p, q, k] · a[p, o] · b[q, i]`. */
function tucker(core: Values, a: Values, b: Values, o: number, i: number, k: number): number {
  const [p = 0, q = 0, h = 1, w = 1] = core.shape;
  const [outputs, inputs] = [a.shape[1]!, b.shape[1]!];
  return sum(p, (x) =>
    sum(q, (y) => core.data[(x * q + y) * h * w + k]! * a.data[x * outputs + o]! * b.data[y * inputs + i]!),
  );
}

test('LoHa with cores', async () => {
  const [a1, b1, a2, b2] = [values(1, 2, 4), values(2, 2, 3), values(3, 2, 4), values(4, 2, 3)];
  const [t1, t2] = [values(5, 2, 2, 3, 3), values(6, 2, 2, 3, 3)];
  const found = await delta([4, 3, 3, 3], { ...hada(a1, b1, a2, b2), '.hada_t1': t1, '.hada_t2': t2 });
  const expected = matrix(4, 27, (o, column) => {
    const [i, k] = [Math.floor(column / 9), column % 9];
    return scale * tucker(t1, a1, b1, o, i, k) * tucker(t2, a2, b2, o, i, k);
  });
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

test('LoKr of two whole matrices: a Kronecker product that alpha does not scale', async () => {
  const [w1, w2] = [values(1, 2, 3), values(2, 4, 2)];
  const found = await delta([8, 6], { '.lokr_w1': w1, '.lokr_w2': w2, '.alpha': scalar(5) });
  const expected = matrix(8, 6, (o, i) => {
    return scale * w1.data[Math.floor(o / 4) * 3 + Math.floor(i / 2)]! * w2.data[(o % 4) * 2 + (i % 2)]!;
  });
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

test('LoKr with both sides factored takes the rank of the second', async () => {
  const [a1, b1, a2, b2] = [values(1, 2, 3), values(2, 3, 3), values(3, 4, 2), values(4, 2, 2)];
  const found = await delta([8, 6], {
    '.lokr_w1_a': a1,
    '.lokr_w1_b': b1,
    '.lokr_w2_a': a2,
    '.lokr_w2_b': b2,
    '.alpha': scalar(5),
  });
  const left = (o: number, i: number): number => sum(3, (r) => a1.data[o * 3 + r]! * b1.data[r * 3 + i]!);
  const right = (o: number, i: number): number => sum(2, (r) => a2.data[o * 2 + r]! * b2.data[r * 2 + i]!);
  const expected = matrix(8, 6, (o, i) => {
    return scale * (5 / 2) * left(Math.floor(o / 4), Math.floor(i / 2)) * right(o % 4, i % 2);
  });
  expect(found).toBeRelativelyCloseTo(expected, 1e-6);
});

test('LoKr of a convolution: the kernel belongs to the second side, also with a core', async () => {
  const w1 = values(1, 2, 2);
  const [a2, b2, t2] = [values(3, 2, 3), values(4, 2, 2), values(5, 2, 2, 3, 3)];
  const kernelOf = (o: number, i: number, k: number): number => tucker(t2, a2, b2, o, i, k);
  const dense = {
    shape: [3, 2, 3, 3],
    data: Float32Array.from(matrix(3, 18, (o, c) => kernelOf(o, Math.floor(c / 9), c % 9))),
  };
  const expected = matrix(6, 36, (o, column) => {
    const [i, k] = [Math.floor(column / 9), column % 9];
    return scale * w1.data[Math.floor(o / 3) * 2 + Math.floor(i / 2)]! * kernelOf(o % 3, i % 2, k);
  });
  const whole = await delta([6, 4, 3, 3], { '.lokr_w1': w1, '.lokr_w2': dense });
  const core = { '.lokr_w1': w1, '.lokr_w2_a': a2, '.lokr_w2_b': b2, '.lokr_t2': t2 };
  expect(whole).toBeRelativelyCloseTo(expected, 1e-6);
  expect(await delta([6, 4, 3, 3], core)).toBeRelativelyCloseTo(expected, 1e-6);
});

test('whole differences are added as they are, to weight and bias', async () => {
  const diff = values(1, 4, 3, 3, 3);
  const found = await delta([4, 3, 3, 3], { '.diff': diff });
  expect(found).toBeRelativelyCloseTo(
    Float64Array.from(diff.data, (value) => scale * value),
    1e-6,
  );

  const base = oneLayer([4, 3]);
  const bias = values(2, 4);
  const adapted = adaptedWeights(base, [await placed(base, module({ '.diff_b': bias }), { scale })]);
  const before = await base.read(`${layer}.bias`);
  const expected = before.map((value, i) => value + scale * bias.data[i]!);
  expect(await adapted.read(`${layer}.bias`)).toBeRelativelyCloseTo(expected, 1e-6);
  expect(await adapted.read(`${layer}.weight`)).toEqual(await base.read(`${layer}.weight`));
});

test('norms: w_norm and b_norm', async () => {
  const base = oneLayer([4]);
  const parts = { '.w_norm': values(1, 4), '.b_norm': values(2, 4) };
  const adapted = adaptedWeights(base, [await placed(base, module(parts), { scale })]);
  for (const [part, ending] of [
    ['weight', '.w_norm'],
    ['bias', '.b_norm'],
  ] as const) {
    const before = await base.read(`${layer}.${part}`);
    const expected = before.map((value, i) => value + scale * parts[ending].data[i]!);
    expect(await adapted.read(`${layer}.${part}`)).toBeRelativelyCloseTo(expected, 1e-6);
  }
});

test('the bias of a PEFT LoRA is scaled as its product is', async () => {
  const base = oneLayer([4, 3]);
  const bias = values(3, 4);
  const parts = {
    '.lora_B.weight': values(1, 4, 2),
    '.lora_A.weight': values(2, 2, 3),
    '.lora_B.bias': bias,
    '.alpha': scalar(1),
  };
  const adapted = adaptedWeights(base, [await placed(base, module(parts), { scale })]);
  const before = await base.read(`${layer}.bias`);
  const expected = before.map((value, i) => value + scale * 0.5 * bias.data[i]!);
  expect(await adapted.read(`${layer}.bias`)).toBeRelativelyCloseTo(expected, 1e-6);
});

/** `scale · (W' − W)`, with W' = V · magnitude / ‖V‖ per row or per input, and V = W + gain · up · down. */
async function doraDelta(
  shape: readonly number[],
  up: Values,
  down: Values,
  gain: number,
  magnitude: Values,
  axis: 'row' | 'input',
): Promise<Float64Array> {
  const before = await oneLayer(shape).read(`${layer}.weight`);
  const [rows, inputs] = [shape[0]!, shape[1]!];
  const columns = before.length / rows;
  const kernel = columns / inputs;
  const rank = down.shape[0]!;
  const changed = matrix(rows, columns, (o, i) => {
    return (
      before[o * columns + i]! + gain * sum(rank, (r) => up.data[o * rank + r]! * down.data[r * columns + i]!)
    );
  });
  const group = (o: number, column: number): number => (axis === 'row' ? o : Math.floor(column / kernel));
  return matrix(rows, columns, (o, i) => {
    let squares = 0;
    for (let a = 0; a < rows; a++)
      for (let b = 0; b < columns; b++)
        if (group(a, b) === group(o, i)) squares += changed[a * columns + b]! ** 2;
    const factor = magnitude.data[group(o, i)]! / Math.sqrt(squares);
    return scale * (changed[o * columns + i]! * factor - before[o * columns + i]!);
  });
}

test('DoRA of LyCORIS: the shape of dora_scale tells whether lengths are per output or per input', async () => {
  const [up, down] = [values(1, 4, 2, 1, 1), values(2, 2, 3, 3, 3)];
  const parts = { '.lora_up.weight': up, '.lora_down.weight': down, '.alpha': scalar(1) };
  const shape = [4, 3, 3, 3];
  const perRow = values(5, 4, 1, 1, 1);
  const perInput = values(6, 1, 3, 1, 1);
  expect(await delta(shape, { ...parts, '.dora_scale': perRow })).toBeRelativelyCloseTo(
    await doraDelta(shape, up, down, 0.5, perRow, 'row'),
    1e-5,
  );
  expect(await delta(shape, { ...parts, '.dora_scale': perInput })).toBeRelativelyCloseTo(
    await doraDelta(shape, up, down, 0.5, perInput, 'input'),
    1e-5,
  );
});

test('DoRA of PEFT: lengths are per output', async () => {
  const [up, down, magnitude] = [values(1, 3, 2), values(2, 2, 3), values(5, 3)];
  const parts = { '.lora_B.weight': up, '.lora_A.weight': down };
  const expected = await doraDelta([3, 3], up, down, 1, magnitude, 'row');
  for (const ending of ['.lora_magnitude_vector', '.lora_magnitude_vector.weight'])
    expect(await delta([3, 3], { ...parts, [ending]: magnitude })).toBeRelativelyCloseTo(expected, 1e-5);
});

test("PEFT's config in the header: alpha, alphas of modules, and rank-stabilised gains", async () => {
  const target = `unet.${layer}`;
  const parts = { '.lora_B.weight': values(1, 4, 4), '.lora_A.weight': values(2, 4, 3) };
  const plain = await delta([4, 3], parts, { target });
  const gain = async (config: object): Promise<number> => {
    const metadata = { lora_adapter_metadata: JSON.stringify(config) };
    return (await delta([4, 3], parts, { target, metadata }))[5]! / plain[5]!;
  };
  expect(await gain({ 'unet.lora_alpha': 8, 'unet.r': 4 })).toBeCloseTo(2, 4);
  expect(await gain({ 'unet.lora_alpha': 8, 'unet.use_rslora': true })).toBeCloseTo(4, 4);
  expect(await gain({ 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'attn1.to_out.0': 2 } })).toBeCloseTo(
    0.5,
    4,
  );
  expect(await gain({ 'text_encoder.lora_alpha': 8 })).toBeCloseTo(1, 4);
});

test('AnimateLCM without alpha is scaled by an eighth at rank 64, as its loader does', async () => {
  const parts = { '.lora_up.weight': values(1, 2, 64), '.lora_down.weight': values(2, 64, 2) };
  const plain = await delta([2, 2], parts);
  const lcm = await delta([2, 2], parts, { file: 'AnimateLCM_sd15_t2v_lora.safetensors' });
  expect(lcm).toBeRelativelyCloseTo(
    plain.map((value) => value / 8),
    1e-5,
  );
});
