import { describe, expect, test } from 'vitest';
import { cast } from '../../../src/onnx/cast.js';
import { conv2d, resizeNearest, upsampleNearest2x } from '../../../src/onnx/conv.js';
import { dim, multiplyDims } from '../../../src/onnx/dim.js';
import {
  add,
  addInto,
  divide,
  errorFunction,
  exponential,
  gelu,
  maximum,
  multiply,
  sigmoid,
  softmax,
  squareRoot,
  subtract,
} from '../../../src/onnx/elementwise.js';
import type { GraphBuilder } from '../../../src/onnx/graph.js';
import { linear, matmul, matmulAdd, matrixProduct } from '../../../src/onnx/linear.js';
import { centred, instanceNorm, layerNorm } from '../../../src/onnx/norm.js';
import { reduce } from '../../../src/onnx/reduce.js';
import {
  concat,
  expand,
  gather,
  inferred,
  reshape,
  sliceAt,
  sliceTo,
  split,
  transpose,
} from '../../../src/onnx/shape-ops.js';
import type { Value } from '../../../src/onnx/value.js';
import { type CheckedInput, gradientError } from '../../support/check-gradients.js';
import { ramp } from '../../support/run-graph.js';

type Values = Readonly<Record<string, Value>>;
type Emit = (g: GraphBuilder, values: Values) => Value;

const tolerance = 1e-3;

function agrees(name: string, inputs: Readonly<Record<string, CheckedInput>>, emit: Emit): void {
  test(name, async () => {
    expect(await gradientError(inputs, emit)).toBeLessThan(tolerance);
  });
}

const positive = (count: number): Float32Array => ramp(count, 5).map((value) => 1.5 + value);

describe('the gradient agrees with central differences in double precision for', () => {
  const pair = { a: { shape: [2, 3, 4] }, b: { shape: [3, 1] } };
  agrees('a sum, broadcast', pair, (g, { a, b }) => add(g, a!, b!));
  agrees('a difference, broadcast', pair, (g, { a, b }) => subtract(g, a!, b!));
  agrees('a product, broadcast', pair, (g, { a, b }) => multiply(g, a!, b!));
  agrees('a square, which meets one value twice', { a: { shape: [5] } }, (g, { a }) => multiply(g, a!, a!));
  agrees('the larger of two, broadcast', pair, (g, { a, b }) => maximum(g, a!, b!));
  agrees(
    'a quotient, broadcast',
    { a: { shape: [2, 3] }, b: { shape: [3], data: positive(3) } },
    (g, { a, b }) => divide(g, a!, b!),
  );
  agrees('a square root', { x: { shape: [6], data: positive(6) } }, (g, { x }) => squareRoot(g, x!));
  agrees('an exponential', { x: { shape: [6] } }, (g, { x }) => exponential(g, x!));
  agrees('the error function', { x: { shape: [6] } }, (g, { x }) => errorFunction(g, x!));
  agrees('a sigmoid', { x: { shape: [6] } }, (g, { x }) => sigmoid(g, x!));
  agrees('a SiLU', { x: { shape: [6] } }, (g, { x }) => multiply(g, x!, sigmoid(g, x!)));
  agrees('a GELU', { x: { shape: [7] } }, (g, { x }) => gelu(g, x!));
  agrees('a GEGLU', { x: { shape: [3, 8] } }, (g, { x }) => {
    const [value, gate] = split(g, x!, 2, 1);
    return multiply(g, value!, gelu(g, gate!));
  });
  agrees('a softmax', { x: { shape: [2, 3, 5] } }, (g, { x }) => softmax(g, x!));
  agrees('a cast', { x: { shape: [4] } }, (g, { x }) => cast(g, x!, 'float32'));

  agrees(
    'a linear layer with bias',
    { x: { shape: [5, 4] }, weight: { shape: [3, 4] }, bias: { shape: [3] } },
    (g, { x, weight, bias }) => linear(g, x!, weight!, bias),
  );
  for (const exchanged of [{}, { a: true }, { b: true }, { a: true, b: true }]) {
    agrees(
      `a product of matrices, exchanged: ${Object.keys(exchanged).join(' and ') || 'none'}`,
      { a: { shape: exchanged.a ? [4, 3] : [3, 4] }, b: { shape: exchanged.b ? [2, 4] : [4, 2] } },
      (g, { a, b }) => matrixProduct(g, a!, b!, exchanged),
    );
  }
  agrees(
    'a low-rank change of a weight',
    { up: { shape: [4, 2] }, down: { shape: [2, 3] }, weight: { shape: [4, 3] } },
    (g, { up, down, weight }) => matmulAdd(g, up!, down!, weight!),
  );
  agrees('batched products', { a: { shape: [2, 3, 4] }, b: { shape: [2, 4, 5] } }, (g, { a, b }) =>
    matmul(g, a!, b!),
  );
  agrees('one matrix with a batch', { a: { shape: [1, 3, 4] }, b: { shape: [2, 4, 5] } }, (g, { a, b }) =>
    matmul(g, a!, b!),
  );

  const image = { shape: [2, 4, 6, 5] };
  agrees(
    'a 3×3 convolution',
    { x: image, weight: { shape: [3, 4, 3, 3] }, bias: { shape: [3] } },
    (g, { x, weight, bias }) => conv2d(g, x!, weight!, bias),
  );
  agrees('a 1×1 convolution', { x: image, weight: { shape: [3, 4, 1, 1] } }, (g, { x, weight }) =>
    conv2d(g, x!, weight!, undefined),
  );
  agrees(
    'a convolution with stride 2, padded all around, over an even and an odd size',
    { x: image, weight: { shape: [3, 4, 3, 3] } },
    (g, { x, weight }) => conv2d(g, x!, weight!, undefined, { stride: 2, pads: [1, 1, 1, 1] }),
  );
  agrees(
    'a convolution with stride 2, padded at two sides',
    { x: image, weight: { shape: [3, 4, 3, 3] } },
    (g, { x, weight }) => conv2d(g, x!, weight!, undefined, { stride: 2, pads: [0, 0, 1, 1] }),
  );
  agrees(
    'a convolution with stride 2 over sizes known at run time only',
    { x: { ...image, declared: ['n', 4, 'height', 'width'] }, weight: { shape: [3, 4, 3, 3] } },
    (g, { x, weight }) => conv2d(g, x!, weight!, undefined, { stride: 2, pads: [1, 1, 1, 1] }),
  );
  agrees(
    'a convolution in groups, dilated',
    { x: image, weight: { shape: [6, 2, 3, 2] } },
    (g, { x, weight }) =>
      g.node({
        operator: 'Conv',
        inputs: [x, weight],
        attributes: {
          kernel_shape: [3, 2],
          strides: [1, 2],
          pads: [2, 1, 1, 0],
          dilations: [2, 1],
          group: 2,
        },
        outputs: [{ type: 'float32', shape: [2, 6, 5, 3] }],
      })[0]!,
  );

  agrees(
    'a layer norm',
    { x: { shape: [3, 6] }, weight: { shape: [6] }, bias: { shape: [6] } },
    (g, { x, weight, bias }) => layerNorm(g, x!, weight!, bias!, 1e-5),
  );
  agrees(
    'an instance norm with scale and shift of its own',
    { x: { shape: [2, 3, 5] }, weight: { shape: [3] }, bias: { shape: [3] } },
    (g, { x, weight, bias }) =>
      g.node({
        operator: 'InstanceNormalization',
        inputs: [x, weight, bias],
        attributes: { epsilon: { float: 1e-5 } },
        outputs: [x!],
      })[0]!,
  );
  agrees(
    'a group norm as networks write it',
    { x: { shape: [2, 4, 3, 3] }, weight: { shape: [4, 1, 1] }, bias: { shape: [4, 1, 1] } },
    (g, { x, weight, bias }) => {
      const grouped = centred(g, reshape(g, x!, [2, 2, inferred]));
      const normal = reshape(g, instanceNorm(g, grouped, 1e-5), x!.shape);
      return add(g, multiply(g, normal, weight!), bias!);
    },
  );

  agrees('a reshape', { x: { shape: [2, 6] } }, (g, { x }) => reshape(g, x!, [3, inferred]));
  agrees('a transpose', { x: { shape: [2, 3, 4] } }, (g, { x }) => transpose(g, x!, [2, 0, 1]));
  agrees('an expansion', { x: { shape: [3, 1] } }, (g, { x }) => expand(g, x!, [2, 3, 4]));
  agrees('a concatenation', { a: { shape: [2, 3] }, b: { shape: [2, 2] } }, (g, { a, b }) =>
    concat(g, [a!, b!, a!], 1),
  );
  agrees(
    'a split of which one piece is left alone',
    { x: { shape: [2, 6] } },
    (g, { x }) => split(g, x!, 3, 1)[1]!,
  );
  agrees('the first entries', { x: { shape: [1, 5, 2] } }, (g, { x }) => sliceTo(g, x!, 3, 1));
  agrees(
    'the first entries, so many as another input has',
    { x: { shape: [1, 5, 2] }, y: { shape: [3, 2], declared: ['frames', 2] } },
    (g, { x, y }) => add(g, sliceTo(g, x!, dim('frames'), 1), y!),
  );
  agrees('one entry of the first axis', { x: { shape: [3, 2, 2] } }, (g, { x }) => sliceAt(g, x!, 1));
  for (const axis of [0, 1]) {
    agrees(
      `entries by number along axis ${axis}, some of them twice`,
      {
        table: { shape: [4, 4, 2] },
        indices: { shape: [2, 3], integers: true, data: Float32Array.of(0, 3, 3, 1, 0, 3) },
      },
      (g, { table, indices }) => gather(g, table!, indices!, axis),
    );
  }

  agrees('an enlargement to twice the size', { x: { shape: [2, 2, 3, 2] } }, (g, { x }) =>
    upsampleNearest2x(g, x!),
  );
  agrees('an enlargement to an odd size', { x: { shape: [2, 2, 3, 2] } }, (g, { x }) =>
    resizeNearest(g, x!, 5, 4),
  );
  agrees(
    'an enlargement to sizes known at run time only',
    {
      x: { shape: [2, 2, 3, 2], declared: ['n', 2, 'ceil(height/2)', 'ceil(width/2)'] },
      skip: { shape: [2, 2, 5, 4], declared: ['n', 2, 'height', 'width'] },
    },
    (g, { x, skip }) => multiply(g, resizeNearest(g, x!, dim('height'), dim('width')), skip!),
  );

  for (const reduction of ['sum', 'mean', 'max', 'min', 'sumOfSquares'] as const) {
    agrees(`the ${reduction} over two axes`, { x: { shape: [2, 3, 4] } }, (g, { x }) =>
      reduce(g, reduction, x!, [0, 2]),
    );
  }
  agrees(
    'the mean over a size known at run time only',
    { x: { shape: [2, 3], declared: ['n', 3] } },
    (g, { x }) => reduce(g, 'mean', x!, [0]),
  );
  for (const times of [1, 6]) {
    agrees(
      `a row for each of 6 images, of which a run gives ${times}`,
      {
        x: { shape: [2, 3, 4], declared: ['batch', 'frames', 4] },
        shift: { shape: [times, 4], declared: ['times', 4] },
      },
      (g, { x, shift }) => addInto(g, reshape(g, x!, [multiplyDims(dim('batch'), dim('frames')), 4]), shift!),
    );
  }
});
