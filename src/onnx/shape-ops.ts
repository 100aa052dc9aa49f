import { cast, checkSameType } from './cast.js';
import { type Dim, divideDims, formatDim, formatShape, multiplyDims, sameDim } from './dim.js';
import { type GraphBuilder, valueSize } from './graph.js';
import type { Value } from './value.js';

/** In {@link reshape}: the size that makes the element counts agree. */
export const inferred = -1;

/**
 * The same elements in another shape. At most one size may be {@link inferred}. Sizes known at run time only are
 * copied or computed in the graph, so one graph serves all of them.
 */
export function reshape(g: GraphBuilder, x: Value, target: readonly Dim[]): Value {
  const shape = resolveInferred(g, x, target);
  if (!target.includes(inferred) && !sameDim(multiplyDims(...shape), valueSize(x))) {
    g.fail(`cannot reshape ${formatShape(x.shape)} to ${formatShape(shape)}`);
  }
  return g.node({
    operator: 'Reshape',
    inputs: [x, g.runtimeShape(requestedShape(x, target))],
    outputs: [{ type: x.type, shape }],
  })[0]!;
}

function resolveInferred(g: GraphBuilder, x: Value, target: readonly Dim[]): Dim[] {
  const others = multiplyDims(...target.filter((size) => size !== inferred));
  return target.map((size) => {
    if (size !== inferred) return size;
    const quotient = divideDims(valueSize(x), others);
    return (
      quotient ?? g.fail(`${formatShape(x.shape)} cannot be cut into pieces of ${formatDim(others)} elements`)
    );
  });
}

/** ONNX's markers make most shapes constant: 0 copies a size in place, -1 stands for one that follows. */
function requestedShape(x: Value, target: readonly Dim[]): Dim[] {
  let free = !target.includes(inferred);
  // The last run-time size becomes -1: leading ones are more often copies.
  return [...target]
    .map((size, axis) => ({ size, axis }))
    .reverse()
    .map(({ size, axis }): Dim => {
      if (typeof size === 'number') return size;
      const own = x.shape[axis];
      if (own !== undefined && sameDim(own, size)) return 0;
      if (!free) return size;
      free = false;
      return -1;
    })
    .reverse();
}

/** Reorders axes: output axis `i` is input axis `order[i]`. */
export function transpose(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== x.shape.length || sorted.some((axis, index) => axis !== index)) {
    g.fail(`[${order}] does not order the axes of ${formatShape(x.shape)}`);
  }
  const shape = order.map((axis) => x.shape[axis]!);
  return g.node({
    operator: 'Transpose',
    inputs: [x],
    attributes: { perm: order },
    outputs: [{ type: x.type, shape }],
  })[0]!;
}

/** With the last two axes exchanged. */
export function exchanged(g: GraphBuilder, x: Value): Value {
  const rank = x.shape.length;
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(g, x, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** Values side by side along an axis. */
export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  const first = values[0] ?? g.fail('concat needs a value');
  checkSameType(g, 'concat', first, ...values);
  let size = 0;
  for (const value of values) {
    const along = value.shape[axis];
    const agrees = value.shape.every(
      (other, index) => index === axis || sameDim(other, first.shape[index] ?? -1),
    );
    if (typeof along !== 'number' || !agrees || value.shape.length !== first.shape.length) {
      g.fail(
        `cannot concatenate ${values.map((v) => formatShape(v.shape)).join(' and ')} along axis ${axis}`,
      );
    }
    size += along;
  }
  const shape = first.shape.map((other, index) => (index === axis ? size : other));
  return g.node({
    operator: 'Concat',
    inputs: values,
    attributes: { axis },
    outputs: [{ type: first.type, shape }],
  })[0]!;
}

/** Equal pieces along an axis. */
export function split(g: GraphBuilder, x: Value, pieces: number, axis: number): Value[] {
  const size = x.shape[axis];
  if (typeof size !== 'number' || size % pieces !== 0) {
    return g.fail(`cannot split ${formatShape(x.shape)} into ${pieces} along axis ${axis}`);
  }
  const shape = x.shape.map((other, index) => (index === axis ? size / pieces : other));
  return g.node({
    operator: 'Split',
    inputs: [x],
    attributes: { axis, num_outputs: pieces },
    outputs: Array.from({ length: pieces }, () => ({ type: x.type, shape })),
  });
}

/** Pieces of the given sizes along an axis, one after the other. */
export function splitSizes(g: GraphBuilder, x: Value, sizes: readonly number[], axis: number): Value[] {
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
    g.fail(`cannot split ${formatShape(x.shape)} into [${sizes}] along axis ${axis}`);
  }
  return g.node({
    operator: 'Split',
    inputs: [x, g.constant(BigInt64Array.from(sizes, BigInt))],
    attributes: { axis },
    outputs: sizes.map((size) => ({
      type: x.type,
      shape: x.shape.map((other, index) => (index === axis ? size : other)),
    })),
  });
}

/** `x` repeated along axes of size 1, and along new ones in front. */
export function expand(g: GraphBuilder, x: Value, shape: readonly Dim[]): Value {
  return g.node({
    operator: 'Expand',
    inputs: [x, g.runtimeShape(shape)],
    outputs: [{ type: x.type, shape }],
  })[0]!;
}

/** Entry `index` of the first axis, which goes. */
export function sliceAt(g: GraphBuilder, x: Value, index: number): Value {
  return g.node({
    operator: 'Gather',
    inputs: [x, g.constant(BigInt64Array.of(BigInt(index)), [])],
    attributes: { axis: 0 },
    outputs: [{ type: x.type, shape: x.shape.slice(1) }],
  })[0]!;
}

/** The first `end` entries along an axis; `end` may be a size known at run time only. */
export function sliceTo(g: GraphBuilder, x: Value, end: Dim, axis: number): Value {
  const shape = x.shape.map((other, index) => (index === axis ? end : other));
  const at = (value: number): Value => g.constant(BigInt64Array.of(BigInt(value)));
  return g.node({
    operator: 'Slice',
    inputs: [x, at(0), g.runtimeDim(end), at(axis)],
    outputs: [{ type: x.type, shape }],
  })[0]!;
}

/** Along `axis`, every `step`-th entry from `start` on, up to `beforeEnd` entries before the end. */
export interface Stride {
  readonly axis: number;
  readonly start: number;
  readonly beforeEnd: number;
  readonly step: number;
  /** Entries that this gives. */
  readonly size: Dim;
}

/** Entries at regular distances along some axes. */
export function sliceStrided(g: GraphBuilder, x: Value, strides: readonly Stride[]): Value {
  const all = strides.every(({ start, beforeEnd, step }) => start === 0 && beforeEnd === 0 && step === 1);
  if (all) return x;
  const numbers = (of: (stride: Stride) => number): Value =>
    g.constant(BigInt64Array.from(strides, (stride) => BigInt(of(stride))));
  const toTheEnd = 2 ** 31 - 1;
  return g.node({
    operator: 'Slice',
    inputs: [
      x,
      numbers(({ start }) => start),
      numbers(({ beforeEnd }) => (beforeEnd === 0 ? toTheEnd : -beforeEnd)),
      numbers(({ axis }) => axis),
      numbers(({ step }) => step),
    ],
    outputs: [
      {
        type: x.type,
        shape: x.shape.map((size, axis) => strides.find((each) => each.axis === axis)?.size ?? size),
      },
    ],
  })[0]!;
}

/** The whole numbers from 0 on, so many, as float32. */
export function countUp(g: GraphBuilder, size: Dim): Value {
  if (typeof size === 'number') return g.constant(Float32Array.from({ length: size }, (_, i) => i));
  const scalar = (value: number): Value => g.constant(BigInt64Array.of(BigInt(value)), []);
  const [end] = g.node({
    operator: 'Squeeze',
    inputs: [g.runtimeDim(size), g.constant(BigInt64Array.of(0n))],
    outputs: [{ type: 'int64', shape: [] }],
  });
  const [range] = g.node({
    operator: 'Range',
    inputs: [scalar(0), end, scalar(1)],
    outputs: [{ type: 'int64', shape: [size] }],
  });
  return cast(g, range!, 'float32');
}

/** Entries of `table` along an axis, the first unless told otherwise, by integer index; the indices' shape takes its place. */
export function gather(g: GraphBuilder, table: Value, indices: Value, axis = 0): Value {
  if (indices.type !== 'int64' && indices.type !== 'int32') g.fail(`gather by ${indices.type}`);
  const shape = [...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)];
  return g.node({
    operator: 'Gather',
    inputs: [table, indices],
    attributes: { axis },
    outputs: [{ type: table.type, shape }],
  })[0]!;
}
