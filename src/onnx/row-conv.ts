import type { GraphBuilder } from './graph.js';
import type { Value } from './value.js';

/** What {@link rowConv} is given. */
export interface RowConvRequest {
  /** `[images, in, height, width]`. */
  readonly x: Value;
  /** `[out, in, 1, 3]`. */
  readonly kernel: Value;
  /** `[out]`. */
  readonly bias?: Value | undefined;
  /** What the result is added to, in one operator of the CPU's. */
  readonly onto?: Value | undefined;
}

/** A convolution along the width that keeps the size. */
export function rowConv(g: GraphBuilder, { x, kernel, bias, onto }: RowConvRequest): Value {
  const shape = [x.shape[0]!, kernel.shape[0]!, x.shape[2]!, x.shape[3]!];
  return g.node({
    operator: onto ? 'FusedConv' : 'Conv',
    domain: onto ? 'com.microsoft' : '',
    inputs: [x, kernel, bias, onto],
    attributes: { kernel_shape: [1, 3], strides: [1, 1], pads: [0, 1, 0, 1], dilations: [1, 1], group: 1 },
    outputs: [{ type: x.type, shape }],
  })[0]!;
}
