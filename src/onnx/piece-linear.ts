import { checkSameType } from './cast.js';
import { type Dim, dim, divideDims, formatDim, formatShape, sameDim } from './dim.js';
import type { GraphBuilder } from './graph.js';
import { reshape } from './shape-ops.js';
import type { Value } from './value.js';

/** Rows of a piece, the best size first: what a core multiplies without leaving its cache, and few enough to share. */
const pieceRows = [256, 128];

/** Pieces from which on they are worth it, so that any number of cores has about equally much to do. */
const fewestPieces = 16;

/**
 * As `linear`, for many rows and a weight of shape `[out, 1, in]`: rows are multiplied in equal pieces, each by one core
 * with all of the weight. The CPU's Gemm walks all rows once for every 128 columns of the result instead, and rows that do
 * not fit its caches come from memory each time. One FusedMatMul of a batch that shares its second matrix: `transBatchB`
 * is what keeps the runtime from making one product of it again. Each sum is formed as before.
 */
export function pieceLinear(g: GraphBuilder, x: Value, weight: Value): Value {
  const [rows, inSize] = x.shape;
  const [outSize, one, weightIn] = weight.shape;
  if (x.shape.length !== 2 || weight.shape.length !== 3 || one !== 1 || !sameDim(inSize!, weightIn!)) {
    g.fail(
      `linear '${weight.name}' of shape ${formatShape(weight.shape)} does not fit rows of ${formatShape(x.shape)}`,
    );
  }
  checkSameType(g, 'linear', x, weight);
  const pieces = cut(g, x);
  const [product] = g.node({
    operator: 'FusedMatMul',
    domain: 'com.microsoft',
    inputs: [pieces, weight],
    attributes: { transB: 1, transBatchB: 1 },
    outputs: [{ type: x.type, shape: [...pieces.shape.slice(0, 2), outSize!] }],
  });
  return reshape(g, product!, [rows!, outSize!]);
}

function cut(g: GraphBuilder, x: Value): Value {
  const [rows, inSize] = x.shape as [Dim, number];
  if (typeof rows === 'number') {
    const size = pieceRows.find((each) => rows % each === 0 && rows >= fewestPieces * each) ?? rows;
    return reshape(g, x, [rows / size, size, inSize]);
  }
  const name = formatDim(rows);
  const count = dim(`pieces of ${name}`);
  const shape = g.once(`pieces of [${name}, ${inSize}]`, () => {
    const size = g.once(`rows in a piece of ${name}`, () => runtimePieceRows(g, g.runtimeDim(rows)));
    return g.node({
      operator: 'Concat',
      inputs: [integer(g, -1), size, integer(g, inSize)],
      attributes: { axis: 0 },
      outputs: [{ type: 'int64', shape: [3] }],
    })[0]!;
  });
  return g.node({
    operator: 'Reshape',
    inputs: [x, shape],
    outputs: [{ type: x.type, shape: [count, divideDims(rows, count)!, inSize] }],
  })[0]!;
}

function runtimePieceRows(g: GraphBuilder, rows: Value): Value {
  const compute = (operator: string, type: 'int64' | 'bool', ...inputs: Value[]): Value =>
    g.node({ operator, inputs, outputs: [{ type, shape: [1] }] })[0]!;
  return pieceRows.reduceRight((otherwise, size) => {
    const whole = compute('Equal', 'bool', compute('Mod', 'int64', rows, integer(g, size)), integer(g, 0));
    const many = compute('GreaterOrEqual', 'bool', rows, integer(g, fewestPieces * size));
    return compute('Where', 'int64', compute('And', 'bool', whole, many), integer(g, size), otherwise);
  }, rows);
}

function integer(g: GraphBuilder, value: number): Value {
  return g.constant(BigInt64Array.of(BigInt(value)));
}
