import { fusedBiasGelu, gelu, multiply } from '../../onnx/elementwise.js';
import { split } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';
import { dense } from './layers.js';
import type { Net } from './net.js';

/**
 * Feed-forward layer `ff` with a GEGLU of four times the width (Shazeer 2020): the projection's first half is the
 * value, its second half the gate.
 */
export function feedForward(net: Net, x: Value): Value {
  return net.scope('ff', () => {
    const channels = x.shape[1] as number;
    return dense(net, 'net.2', gated(net, x, 4 * channels), channels);
  });
}

function gated(net: Net, x: Value, size: number): Value {
  const { g } = net;
  const shape = [2 * size, x.shape[1] as number] as const;
  const halves = net.dialect.has('BiasGelu')
    ? net.scope('net.0.proj', () => net.matrices('weight', shape, 2))
    : undefined;
  if (halves === undefined) {
    const [value, gate] = split(g, dense(net, 'net.0.proj', x, 2 * size), 2, 1);
    return multiply(g, value!, gelu(g, gate!));
  }
  return net.scope('net.0.proj', () => {
    const [valueBias, gateBias] = net.pieces('bias', [2 * size], 2);
    const value = halves[0]!.multiply(x, valueBias);
    return multiply(g, value, fusedBiasGelu(g, halves[1]!.multiply(x), gateBias!));
  });
}
