import { describe, expect, test } from 'vitest';
import { type Float32Tensor, float32Tensor } from '../../src/core/tensor.js';
import { type FreeUFactors, freeU, freeUFeeds, freeUStage } from '../../src/models/nn/free-u.js';
import { freeUWaves } from '../../src/models/nn/free-u-waves.js';
import { buildUnet } from '../../src/models/unet.js';
import { type FreeUVersion, plainUnet } from '../../src/models/unet-form.js';
import { openModel } from '../../src/pipeline/opened-model.js';
import { ramp, runGraph } from '../support/run-graph.js';
import { tinyModel } from '../support/tiny-model.js';

interface Size {
  readonly height: number;
  readonly width: number;
}

/** One plane through diffusers' `fourier_filter` at threshold 1, by the definition of the transform. */
function fourierFilter(plane: ArrayLike<number>, { height, width }: Size, scale: number): number[] {
  const shifted = (frequency: number, size: number): number => (frequency + Math.floor(size / 2)) % size;
  const isLow = (frequency: number, size: number): boolean => {
    const [place, centre] = [shifted(frequency, size), Math.floor(size / 2)];
    // What `centre - 1 : centre + 1` takes; on a single row, where it begins at -1, Python takes that row.
    return size === 1 || (place >= centre - 1 && place < centre + 1);
  };
  const out = new Array<number>(height * width).fill(0);
  for (let u = 0; u < height; u++) {
    for (let v = 0; v < width; v++) {
      const angle = (row: number, column: number): number =>
        2 * Math.PI * ((u * row) / height + (v * column) / width);
      let [real, imaginary] = [0, 0];
      for (let at = 0; at < height * width; at++) {
        const turned = angle(Math.floor(at / width), at % width);
        real += plane[at]! * Math.cos(turned);
        imaginary -= plane[at]! * Math.sin(turned);
      }
      const factor = (isLow(u, height) && isLow(v, width) ? scale : 1) / (height * width);
      for (let at = 0; at < height * width; at++) {
        const turned = angle(Math.floor(at / width), at % width);
        out[at]! += factor * (real * Math.cos(turned) - imaginary * Math.sin(turned));
      }
    }
  }
  return out;
}

const [images, channels, skipChannels] = [2, 4, 3];

/** The whole operation in float64: the weighted backbone and the filtered skip, side by side. */
function expectedOf(
  version: FreeUVersion,
  backbone: Float32Array,
  skip: Float32Array,
  size: Size,
  [b, s]: readonly [number, number],
): number[] {
  const area = size.height * size.width;
  const plane = (data: Float32Array, index: number): Float32Array =>
    data.subarray(index * area, (index + 1) * area);
  return Array.from({ length: images }, (_, image) => {
    const own = Array.from({ length: channels }, (_, c) => plane(backbone, image * channels + c));
    const means = Array.from({ length: area }, (_, at) => own.reduce((sum, p) => sum + p[at]!, 0) / channels);
    const [least, most] = [Math.min(...means), Math.max(...means)];
    const stretched = means.map((mean) => (most === least ? 0 : (mean - least) / (most - least)));
    const weighted = own.flatMap((values, channel) =>
      [...values].map((value, at) => {
        if (channel >= channels / 2) return value;
        return value * (version === 1 ? b : (b - 1) * stretched[at]! + 1);
      }),
    );
    const filtered = Array.from({ length: skipChannels }, (_, c) =>
      fourierFilter(plane(skip, image * skipChannels + c), size, s),
    );
    return [...weighted, ...filtered.flat()];
  }).flat();
}

const factors: FreeUFactors = { b1: 1.5, b2: 1.6, s1: 0.9, s2: 0.2 };
const layout = { blockOutChannels: [channels, channels], layersPerBlock: 1 };

/** The operation's graph at the first layer of a level of a UNet of two levels. */
async function weighted(
  version: FreeUVersion,
  level: 0 | 1,
  backbone: Float32Tensor,
  skip: Float32Tensor,
  latents: Size,
  given = factors,
): Promise<Float32Array> {
  const feeds = freeUFeeds(version, given, layout, latents);
  const waves = `free_u_waves_${level}`;
  const { data } = await runGraph(
    { backbone, skip, free_u: feeds['free_u']!, [waves]: feeds[waves]! },
    (g) => {
      const apply = freeU(g, version, layout);
      const h = g.input('backbone', 'float32', ['n', channels, 'h', 'w']);
      return apply(h, g.input('skip', 'float32', ['n', skipChannels, 'h', 'w']), { level, index: 0 });
    },
  );
  return data;
}

function features({ height, width }: Size): [Float32Tensor, Float32Tensor] {
  const tensor = (count: number, seed: number): Float32Tensor =>
    float32Tensor(ramp(images * count * height * width, seed), [images, count, height, width]);
  return [tensor(channels, 1), tensor(skipChannels, 2)];
}

const sizes: readonly Size[] = [
  { height: 8, width: 8 },
  { height: 4, width: 6 },
  { height: 5, width: 4 },
  { height: 6, width: 7 },
  { height: 9, width: 3 },
  { height: 2, width: 2 },
  { height: 1, width: 5 },
  { height: 4, width: 1 },
  { height: 1, width: 1 },
];

describe.each<FreeUVersion>([1, 2])('FreeU version %s', (version) => {
  test.each(sizes)('is the dense Fourier filter and the weighted backbone at %j', async (size) => {
    const [backbone, skip] = features(size);
    const actual = await weighted(version, 0, backbone, skip, size);
    const expected = expectedOf(version, backbone.data, skip.data, size, [factors.b2, factors.s2]);
    expect(actual).toBeRelativelyCloseTo(expected, 2e-6);
  });

  test('with factors of 1 changes nothing, to the bit', async () => {
    const size = { height: 5, width: 6 };
    const [backbone, skip] = features(size);
    const actual = await weighted(version, 0, backbone, skip, size, { b1: 1, b2: 1, s1: 1, s2: 1 });
    const plane = 5 * 6;
    const side = Array.from({ length: images }, (_, image) => [
      ...backbone.data.subarray(image * channels * plane, (image + 1) * channels * plane),
      ...skip.data.subarray(image * skipChannels * plane, (image + 1) * skipChannels * plane),
    ]);
    expect([...actual]).toEqual(side.flat());
  });
});

test('the first stage has factors of its own, and a level half the size, rounded up', async () => {
  const size = { height: 3, width: 4 };
  const [backbone, skip] = features(size);
  const actual = await weighted(1, 1, backbone, skip, { height: 5, width: 8 });
  const expected = expectedOf(1, backbone.data, skip.data, size, [factors.b1, factors.s1]);
  expect(actual).toBeRelativelyCloseTo(expected, 2e-6);
});

test('an even picture is not divided by its range of 0', async () => {
  const size = { height: 4, width: 4 };
  const [backbone, skip] = features(size);
  const even = float32Tensor(new Float32Array(backbone.data.length).fill(0.5), backbone.shape);
  const actual = await weighted(2, 0, even, skip, size);
  expect([...actual.subarray(0, channels * 16)]).toEqual(new Array(channels * 16).fill(0.5));
});

test.each<[FreeUVersion, (0 | 1 | undefined)[]]>([
  [1, [0, 0, 0, 1, 1, 1, undefined, undefined, undefined, undefined, undefined, undefined]],
  [2, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, undefined, undefined]],
])('version %s finds its stages in Stable Diffusion 1.5', (version, expected) => {
  const sd15 = { blockOutChannels: [320, 640, 1280, 1280], layersPerBlock: 2 };
  const up = [3, 2, 1, 0].flatMap((level) => [0, 1, 2].map((index) => ({ level, index })));
  expect(up.map((layer) => freeUStage(version, layer, sd15))).toEqual(expected);
});

test.each([
  [1, ['0.0', '0.1', '0.2', '1.0', '1.1', '1.2'], [2, 3]],
  [2, ['0.0', '0.1', '0.2', '1.0', '1.1', '1.2', '2.0', '2.1', '2.2', '3.0'], [0, 1, 2, 3]],
] as const)(
  'a UNet has version %s in the blocks %j and asks for no more waves',
  async (version, places, levels) => {
    const model = await openModel(tinyModel(), () => undefined);
    await model.close();
    const form = { ...plainUnet, freeU: version };
    const { graph, inputs } = await buildUnet({ ...model.unet, dialect: new Set(), form });
    const names = new TextDecoder('latin1').decode(graph).matchAll(/up_blocks\.(\d)\.free_u\.(\d)/g);
    expect([...new Set([...names].map(([, block, index]) => `${block}.${index}`))]).toEqual(places);
    const added = inputs.map(({ name }) => name).filter((name) => name.startsWith('free_u'));
    const feeds = freeUFeeds(version, factors, model.unet.config, { height: 8, width: 8 });
    expect(added.sort()).toEqual(['free_u', ...levels.map((level) => `free_u_waves_${level}`)]);
    expect(Object.keys(feeds).sort()).toEqual(added);
  },
);

test('on sides of up to 2 every frequency is a low one', () => {
  for (const size of sizes.filter(({ height, width }) => height <= 2 && width <= 2)) {
    const area = size.height * size.width;
    const waves = freeUWaves(size.height, size.width);
    const product = (a: number, b: number): number =>
      Array.from({ length: 7 }, (_, wave) => waves[a * 7 + wave]! * waves[b * 7 + wave]!).reduce(
        (sum, each) => sum + each,
      );
    for (let a = 0; a < area; a++) {
      for (let b = 0; b < area; b++) expect(product(a, b)).toBeCloseTo(a === b ? 1 : 0, 6);
    }
  }
});
