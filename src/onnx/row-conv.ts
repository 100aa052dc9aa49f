import type { GraphBuilder } from './graph.js';
import type { Value } from './value.js';

/** What both forms take. */
interface RowConvRequest {
  /** `[images, in, height, width]`. */
  readonly x: Value;
  /** `[out, in, 1, 3]`. */
  readonly kernel: Value;
}

const attributes = { kernel_shape: [1, 3], strides: [1, 1], pads: [0, 1, 0, 1], dilations: [1, 1], group: 1 };

/** A convolution along the width that keeps the size. */
export function rowConv(
  g: GraphBuilder,
  { x, kernel, bias }: RowConvRequest & { readonly bias?: Value },
): Value {
  const outputs = [{ type: x.type, shape: outputShape(x, kernel) }];
  return g.node({ operator: 'Conv', inputs: [x, kernel, bias], attributes, outputs })[0]!;
}

/** The same added to `onto`, in one operator of the CPU's. */
export function fusedConvAdd(
  g: GraphBuilder,
  { x, kernel, onto }: RowConvRequest & { readonly onto: Value },
): Value {
  const outputs = [{ type: x.type, shape: outputShape(x, kernel) }];
  return g.node({
    operator: 'FusedConv',
    domain: 'com.microsoft',
    inputs: [x, kernel, undefined, onto],
    attributes,
    outputs,
  })[0]!;
}

function outputShape(x: Value, kernel: Value): Value['shape'] {
  return [x.shape[0]!, kernel.shape[0]!, x.shape[2]!, x.shape[3]!];
}
