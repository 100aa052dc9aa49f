import { checkSameType } from './cast.js';
import type { GraphBuilder } from './graph.js';
import { float, type Value } from './value.js';

/** Normalises each row of the last axis to mean 0 and variance 1, then scales and shifts it. As torch's LayerNorm. */
export function layerNorm(g: GraphBuilder, x: Value, weight: Value, bias: Value, epsilon: number): Value {
  checkSameType(g, 'layer norm', x, weight, bias);
  return g.node({
    operator: 'LayerNormalization',
    inputs: [x, weight, bias],
    attributes: { axis: -1, epsilon: float(epsilon) },
    outputs: [x],
  })[0]!;
}

/** Each row of the last axis less its mean. */
export function centred(g: GraphBuilder, x: Value): Value {
  const shape = [...x.shape.slice(0, -1), 1];
  const mean = g.node({
    operator: 'ReduceMean',
    inputs: [x, g.constant(BigInt64Array.of(-1n))],
    attributes: { keepdims: 1 },
    outputs: [{ type: x.type, shape }],
  })[0]!;
  return g.node({ operator: 'Sub', inputs: [x, mean], outputs: [x] })[0]!;
}

/** Normalises each `[batch, channel]` of `[batch, channels, …]` to mean 0 and variance 1, without scale and shift. */
export function instanceNorm(g: GraphBuilder, x: Value, epsilon: number): Value {
  const channels = x.shape[1];
  if (typeof channels !== 'number') return g.fail('instance norm needs a fixed number of channels');
  return g.node({
    operator: 'InstanceNormalization',
    inputs: [
      x,
      g.constant(new Float32Array(channels).fill(1), [channels], x.type),
      g.constant(new Float32Array(channels), [channels], x.type),
    ],
    attributes: { epsilon: float(epsilon) },
    outputs: [x],
  })[0]!;
}
