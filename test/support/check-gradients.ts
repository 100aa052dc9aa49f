import { multiply } from '../../src/onnx/elementwise.js';
import { type GradientOptions, gradients } from '../../src/onnx/gradients/gradients.js';
import { GraphBuilder } from '../../src/onnx/graph.js';
import { reduce } from '../../src/onnx/reduce.js';
import { inferred, reshape } from '../../src/onnx/shape-ops.js';
import type { Operation, Value } from '../../src/onnx/value.js';
import { evaluateGraph, type Tensor64 } from './evaluate-graph.js';
import { ramp, runModel } from './run-graph.js';

/** An input of a checked graph. */
export interface CheckedInput {
  /** Sizes at run time. */
  readonly shape: readonly number[];
  /** Sizes as the graph knows them; default: numbers. */
  readonly declared?: readonly (number | string)[];
  readonly data?: Float32Array;
  /** Whole numbers, such as indices: they get no gradient. */
  readonly integers?: boolean;
}

const step = 1e-5;

/**
 * The largest error of the gradients of a graph's output, run by ONNX Runtime, relative to the largest of central
 * differences in double precision. The output is weighed by fixed numbers of both signs and summed to one.
 */
export async function gradientError(
  inputs: Readonly<Record<string, CheckedInput>>,
  emit: (g: GraphBuilder, values: Readonly<Record<string, Value>>) => Value,
  options: GradientOptions = {},
): Promise<number> {
  const g = new GraphBuilder('test');
  const data: Record<string, Float32Array> = {};
  const values: Record<string, Value> = {};
  for (const [index, [name, input]] of Object.entries(inputs).entries()) {
    values[name] = g.input(name, input.integers ? 'int64' : 'float32', input.declared ?? input.shape);
    data[name] = input.data ?? ramp(count(input.shape), index + 1);
  }
  const y = emit(g, values);
  // The output's shape at run time is found out by the evaluator.
  const feeds = new Map(
    Object.entries(inputs).map(([name, { shape }]): [string, Tensor64] => [
      name,
      { shape, data: Float64Array.from(data[name]!) },
    ]),
  );
  const forward: readonly Operation[] = [...g.operations];
  const [result] = evaluateGraph(g, feeds, [y], forward);
  const weights = ramp(result!.data.length, 17);
  const weighed = multiply(
    g,
    reshape(g, y, [inferred]),
    reshape(g, g.input('weights of the output', 'float32', y.shape), [inferred]),
  );
  const loss = reduce(g, 'sum', weighed, [0]);
  const wanted = Object.keys(inputs).filter((name) => !inputs[name]!.integers);
  const all = gradients(
    g,
    loss,
    wanted.map((name) => values[name]!),
    options,
  );
  for (const [index, name] of wanted.entries()) g.output(`gradient of ${name}`, all[index]!);
  const outputs = await runModel(g, {
    'weights of the output': { type: 'float32', shape: result!.shape, data: weights },
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, integers }]) => [
        name,
        integers
          ? { type: 'int64' as const, shape, data: BigInt64Array.from(data[name]!, BigInt) }
          : { type: 'float32' as const, shape, data: data[name]! },
      ]),
    ),
  });
  const lossAt = (): number => {
    const [output] = evaluateGraph(g, feeds, [y], forward);
    return output!.data.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  };
  let worst = 0;
  for (const name of wanted) {
    const { data: given, shape } = outputs[`gradient of ${name}`]!;
    if (shape.join() !== inputs[name]!.shape.join()) {
      throw new Error(`the gradient of ${name} is [${shape}], expected [${inputs[name]!.shape}]`);
    }
    const point = feeds.get(name)!.data;
    const expected = point.map((value, i) => {
      point[i] = value + step;
      const above = lossAt();
      point[i] = value - step;
      const below = lossAt();
      point[i] = value;
      return (above - below) / (2 * step);
    });
    const largest = Math.max(...expected.map(Math.abs));
    if (largest === 0) throw new Error(`the output does not depend on ${name}: nothing was tested`);
    const error = Math.max(...expected.map((value, i) => Math.abs(value - (given as Float32Array)[i]!)));
    worst = Math.max(worst, error / largest);
  }
  return worst;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
