import { AnimateDiffError } from '../core/errors.js';
import { type GradientOptions, gradients } from '../onnx/gradients/gradients.js';
import type { GraphBuilder } from '../onnx/graph.js';
import type { Value } from '../onnx/value.js';

/** Name of the output that holds the gradient by an input. */
export function gradientName(input: string): string {
  return `${input}:gradient`;
}

/**
 * Makes the loss an output named `loss`, and its gradient by each of the trained inputs one, see {@link gradientName}.
 * @throws `invalid-options` for a trained input that is not there.
 */
export function gradientOutputs(
  g: GraphBuilder,
  loss: Value,
  trained: readonly string[],
  options?: GradientOptions,
): void {
  const wanted = trained.map((name) => inputOf(g, name));
  const found = gradients(g, loss, wanted, options);
  g.output('loss', loss);
  for (const [index, name] of trained.entries()) g.output(gradientName(name), found[index]!);
}

function inputOf(g: GraphBuilder, name: string): Value {
  const input = g.inputs.find((each) => each.name === name);
  if (input !== undefined) return input;
  throw new AnimateDiffError('invalid-options', `there is nothing to train under the name '${name}'`, {
    details: { tensor: name },
  });
}
