import { gelu, multiply } from '../../onnx/elementwise.js';
import { split } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { dense } from './layers.js';
import type { Net } from './net.js';

/**
 * Feed-forward layer `ff` with a GEGLU of four times the width (Shazeer 2020): the projection's first half is the
 * value, its second half the gate.
 */
export function feedForward(net: Net, x: Value): Value {
  const { g } = net;
  return net.scope('ff', () => {
    const channels = x.shape[1] as number;
    const [value, gate] = split(g, dense(net, 'net.0.proj', x, 8 * channels), 2, 1);
    return dense(net, 'net.2', multiply(g, value!, gelu(g, gate!)), channels);
  });
}
