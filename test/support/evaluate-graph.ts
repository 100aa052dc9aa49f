import type { GraphBuilder } from '../../src/onnx/graph.js';
import type { Attribute, Operation, Value } from '../../src/onnx/value.js';

/** A tensor in double precision. */
export interface Tensor64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Inputs = readonly (Tensor64 | undefined)[];
type Attributes = Readonly<Record<string, Attribute>>;

/**
 * Evaluates what was written to a graph in double precision, with plain loops after ONNX's definitions: slow, and
 * independent of any runtime and of the library's own rules.
 * @param feeds Inputs and weights by name.
 * @param asked Names of the values to give.
 */
export function evaluateGraph(
  g: GraphBuilder,
  feeds: ReadonlyMap<string, Tensor64>,
  asked: readonly Value[],
  operations: readonly Operation[] = g.operations,
): Tensor64[] {
  const values = new Map(feeds);
  for (const { name, type, shape, bytes } of g.constants)
    values.set(name, { shape, data: numbers(type, bytes) });
  for (const { operator, inputs, outputs, attributes } of operations) {
    const run = operators[operator];
    if (run === undefined) throw new Error(`the evaluator lacks ${operator}`);
    const given = inputs.map((input) => {
      const value = input && values.get(input.name);
      if (input && !value) throw new Error(`${operator} lacks '${input.name}'`);
      return value;
    });
    run(given, attributes, outputs.length).forEach((value, index) => {
      values.set(outputs[index]!.name, value);
    });
  }
  return asked.map(({ name }) => values.get(name)!);
}

function numbers(type: string, bytes: Uint8Array): Float64Array {
  const { buffer } = bytes.slice();
  if (type === 'float32') return Float64Array.from(new Float32Array(buffer));
  return Float64Array.from(new BigInt64Array(buffer), Number);
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How far apart neighbours along each axis lie. */
function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => size(shape.slice(axis + 1)));
}

/** A tensor whose element at each index is told. */
function fill(shape: readonly number[], at: (index: readonly number[]) => number): Tensor64 {
  const data = new Float64Array(size(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = at(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** The place of an index in a tensor that may be broadcast: fewer axes, or sizes of 1. */
function placeOf({ shape }: Tensor64, index: readonly number[]): number {
  let [place, step] = [0, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const each = shape[axis]!;
    if (each !== 1) place += index[axis + index.length - shape.length]! * step;
    step *= each;
  }
  return place;
}

function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    return left === 1 ? right : left;
  });
}

const binary =
  (combine: (a: number, b: number) => number) =>
  ([a, b]: Inputs): Tensor64[] => [
    a!.shape.join() === b!.shape.join()
      ? { shape: a!.shape, data: a!.data.map((value, i) => combine(value, b!.data[i]!)) }
      : fill(broadcastShape(a!.shape, b!.shape), (index) =>
          combine(a!.data[placeOf(a!, index)]!, b!.data[placeOf(b!, index)]!),
        ),
  ];

const unary =
  (of: (x: number) => number) =>
  ([x]: Inputs): Tensor64[] => [{ shape: x!.shape, data: x!.data.map(of) }];

/** The error function by its series, which converges everywhere, and its limit where that is exact. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function ints(attributes: Attributes, name: string, fallback: readonly number[]): readonly number[] {
  return (attributes[name] as readonly number[] | undefined) ?? fallback;
}

const int = (attributes: Attributes, name: string, fallback: number): number =>
  (attributes[name] as number | undefined) ?? fallback;

const floatOf = (attributes: Attributes, name: string): number =>
  (attributes[name] as { float: number }).float;

const exchange = (x: Tensor64): Tensor64 =>
  fill([x.shape[1]!, x.shape[0]!], ([i, j]) => x.data[j! * x.shape[1]! + i!]!);

/** Product of matrices over the last two axes; the leading ones are broadcast. */
function product(a: Tensor64, b: Tensor64): Tensor64 {
  const inner = a.shape.at(-1)!;
  const leading = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [rows, columns] = [a.shape.at(-2)!, b.shape.at(-1)!];
  return fill([...leading, rows, columns], (index) => {
    const [i, j] = index.slice(-2) as [number, number];
    const batch = index.slice(0, -2);
    const left = placeOf(a, [...batch, i, 0]);
    const right = placeOf(b, [...batch, 0, j]);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a.data[left + k]! * b.data[right + k * columns]!;
    return sum;
  });
}

function normalize(x: Tensor64, from: number, epsilon: number): Tensor64 {
  const length = size(x.shape.slice(from));
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += length) {
    const row = x.data.subarray(start, start + length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    row.forEach((value, i) => {
      data[start + i] = (value - mean) / Math.sqrt(variance + epsilon);
    });
  }
  return { shape: x.shape, data };
}

const reduction =
  (of: (values: number[]) => number) =>
  ([x, axes]: Inputs): Tensor64[] => {
    const over = [...axes!.data].map((axis) => (axis < 0 ? axis + x!.shape.length : axis));
    const shape = x!.shape.map((each, axis) => (over.includes(axis) ? 1 : each));
    const lists: number[][] = Array.from({ length: size(shape) }, () => []);
    const to: Tensor64 = { shape, data: new Float64Array(0) };
    fill(x!.shape, (index) => {
      lists[placeOf(to, index)]!.push(x!.data[placeOf(x!, index)]!);
      return 0;
    });
    return [{ shape, data: Float64Array.from(lists, of) }];
  };

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function reshape([x, target]: Inputs): Tensor64[] {
  const asked = [...target!.data].map((each, axis) => (each === 0 ? x!.shape[axis]! : each));
  const known = size(asked.filter((each) => each !== -1));
  return [{ shape: asked.map((each) => (each === -1 ? x!.data.length / known : each)), data: x!.data }];
}

function conv([x, weight, bias]: Inputs, attributes: Attributes): Tensor64[] {
  const [images, , height, width] = x!.shape as [number, number, number, number];
  const [out, inSize, rows, columns] = weight!.shape as [number, number, number, number];
  const [top, left, bottom, right] = ints(attributes, 'pads', [0, 0, 0, 0]) as [
    number,
    number,
    number,
    number,
  ];
  const [down, across] = ints(attributes, 'strides', [1, 1]) as [number, number];
  const [tall, wide] = ints(attributes, 'dilations', [1, 1]) as [number, number];
  const perGroup = out / int(attributes, 'group', 1);
  const sizeOf = (whole: number, pads: number, reach: number, stride: number): number =>
    Math.floor((whole + pads - reach) / stride) + 1;
  const shape = [
    images,
    out,
    sizeOf(height, top + bottom, (rows - 1) * tall + 1, down),
    sizeOf(width, left + right, (columns - 1) * wide + 1, across),
  ];
  const channels = x!.shape[1]!;
  return [
    fill(shape, ([n, o, i, j]) => {
      let sum = bias?.data[o!] ?? 0;
      const first = Math.floor(o! / perGroup) * inSize;
      for (let c = 0; c < inSize; c++) {
        for (let r = 0; r < rows; r++) {
          const y = i! * down + r * tall - top;
          if (y < 0 || y >= height) continue;
          for (let k = 0; k < columns; k++) {
            const z = j! * across + k * wide - left;
            if (z < 0 || z >= width) continue;
            sum +=
              x!.data[((n! * channels + first + c) * height + y) * width + z]! *
              weight!.data[((o! * inSize + c) * rows + r) * columns + k]!;
          }
        }
      }
      return sum;
    }),
  ];
}

type Run = (inputs: Inputs, attributes: Attributes, outputs: number) => Tensor64[];

const operators: Readonly<Record<string, Run>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Max: binary(Math.max),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Erf: unary(erf),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Gelu: unary((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
  Identity: ([x]) => [x!],
  Cast: ([x]) => [x!],
  Softmax([x]) {
    const row = x!.shape.at(-1)!;
    const data = new Float64Array(x!.data.length);
    for (let start = 0; start < data.length; start += row) {
      const powers = x!.data.subarray(start, start + row).map(Math.exp);
      data.set(
        powers.map((power) => power / total([...powers])),
        start,
      );
    }
    return [{ shape: x!.shape, data }];
  },
  MatMul: ([a, b]) => [product(a!, b!)],
  Gemm([a, b, c], attributes) {
    const left = int(attributes, 'transA', 0) ? exchange(a!) : a!;
    const right = int(attributes, 'transB', 0) ? exchange(b!) : b!;
    const y = product(left, right);
    return c ? binary((p, q) => p + q)([y, c]) : [y];
  },
  Conv: conv,
  LayerNormalization([x, weight, bias], attributes) {
    const normal = normalize(x!, x!.shape.length - 1, floatOf(attributes, 'epsilon'));
    const scaled = binary((a, b) => a * b)([normal, weight]);
    return binary((a, b) => a + b)([scaled[0], bias]);
  },
  InstanceNormalization([x, weight, bias], attributes) {
    const normal = normalize(x!, 2, floatOf(attributes, 'epsilon'));
    return [
      fill(x!.shape, (index) => {
        const channel = index[1]!;
        return normal.data[placeOf(normal, index)]! * weight!.data[channel]! + bias!.data[channel]!;
      }),
    ];
  },
  Reshape: reshape,
  Transpose([x], attributes) {
    const order = ints(attributes, 'perm', []);
    const step = strides(x!.shape);
    return [
      fill(
        order.map((axis) => x!.shape[axis]!),
        (index) => x!.data[order.reduce((sum, axis, i) => sum + index[i]! * step[axis]!, 0)]!,
      ),
    ];
  },
  Concat(inputs, attributes) {
    const axis = int(attributes, 'axis', 0);
    const given = inputs as readonly Tensor64[];
    const shape = given[0]!.shape.map((each, i) =>
      i === axis ? total(given.map((t) => t.shape[axis]!)) : each,
    );
    return [
      fill(shape, (index) => {
        let at = index[axis]!;
        const owner = given.find((each) => {
          if (at < each.shape[axis]!) return true;
          at -= each.shape[axis]!;
          return false;
        })!;
        return owner.data[
          strides(owner.shape).reduce((sum, s, i) => sum + s * (i === axis ? at : index[i]!), 0)
        ]!;
      }),
    ];
  },
  Split([x, sizes], attributes, outputs) {
    const axis = int(attributes, 'axis', 0);
    const lengths = sizes
      ? [...sizes.data]
      : Array.from({ length: outputs }, () => x!.shape[axis]! / outputs);
    let start = 0;
    return lengths.map((length) => {
      const from = start;
      start += length;
      const shape = x!.shape.map((each, i) => (i === axis ? length : each));
      return fill(
        shape,
        (index) =>
          x!.data[
            placeOf(
              x!,
              index.map((each, i) => (i === axis ? each + from : each)),
            )
          ]!,
      );
    });
  },
  Expand: ([x, shape]) => [
    fill(broadcastShape(x!.shape, [...shape!.data]), (index) => x!.data[placeOf(x!, index)]!),
  ],
  Gather([table, indices], attributes) {
    const axis = int(attributes, 'axis', 0);
    const taken = indices!.shape.length;
    const shape = [...table!.shape.slice(0, axis), ...indices!.shape, ...table!.shape.slice(axis + 1)];
    const step = strides(table!.shape);
    return [
      fill(shape, (index) => {
        const entry = indices!.data[placeOf(indices!, index.slice(axis, axis + taken))]!;
        const own = [...index.slice(0, axis), entry, ...index.slice(axis + taken)];
        return table!.data[own.reduce((sum, each, i) => sum + each * step[i]!, 0)]!;
      }),
    ];
  },
  Slice([x, starts, ends, axes]) {
    const axis = axes!.data[0]!;
    const from = starts!.data[0]!;
    const to = Math.min(ends!.data[0]!, x!.shape[axis]!);
    const shape = x!.shape.map((each, i) => (i === axis ? to - from : each));
    const step = strides(x!.shape);
    return [
      fill(
        shape,
        (index) =>
          x!.data[index.reduce((sum, each, i) => sum + (i === axis ? each + from : each) * step[i]!, 0)]!,
      ),
    ];
  },
  Resize([x, , scales, sizes]) {
    const shape = sizes ? [...sizes.data] : x!.shape.map((each, i) => each * scales!.data[i]!);
    const step = strides(x!.shape);
    return [
      fill(
        shape,
        (index) =>
          x!.data[
            index.reduce((sum, each, i) => sum + Math.floor((each * x!.shape[i]!) / shape[i]!) * step[i]!, 0)
          ]!,
      ),
    ];
  },
  Shape([x], attributes) {
    const shape = x!.shape.slice(int(attributes, 'start', 0), int(attributes, 'end', x!.shape.length));
    return [{ shape: [shape.length], data: Float64Array.from(shape) }];
  },
  ReduceSum: reduction(total),
  ReduceMean: reduction((values) => total(values) / values.length),
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceMin: reduction((values) => Math.min(...values)),
  ReduceSumSquare: reduction((values) => total(values.map((value) => value ** 2))),
};
