import { cast } from '../../onnx/cast.js';
import { add, divide, multiply, squareRoot, subtract } from '../../onnx/elementwise.js';
import type { GraphBuilder } from '../../onnx/graph.js';
import { reduce } from '../../onnx/reduce.js';
import { concat, sliceAt } from '../../onnx/shape-ops.js';
import type { Value } from '../../onnx/value.js';

/** Group norms of one network that take their statistics from outside, and tell their own. */
export interface NormStatistics {
  /** Normalises the rows of the next norm, `[1, groups, elements]`. */
  normalize(rows: Value, epsilon: number): Value;
  /** Declares the outputs, after all norms. */
  finish(): void;
}

/**
 * Lets tiles of a picture be normalised as the whole picture is. Inputs `means` and `variances` float32
 * `['norms', groups, 1]` hold what to use, a row for each norm in the order of the network (more do no harm), and `share` float32 `[1]`
 * how much of it: 1 is those, 0 each norm's own. Outputs `own_means` and `own_variances` `[norms, groups, 1]` tell
 * the norms' own. For one image at a time.
 */
export function normStatistics(g: GraphBuilder, groups: number): NormStatistics {
  const given = {
    means: g.input('means', 'float32', ['norms', groups, 1]),
    variances: g.input('variances', 'float32', ['norms', groups, 1]),
  };
  const share = g.input('share', 'float32', [1]);
  const own: { readonly means: Value[]; readonly variances: Value[] } = { means: [], variances: [] };
  const mixed = (mine: Value, theirs: Value): Value =>
    add(g, mine, multiply(g, share, subtract(g, theirs, mine)));
  return {
    normalize(rows, epsilon) {
      const index = own.means.length;
      const mean = reduce(g, 'mean', rows, [2]);
      // One large array beside the rows, from here to the end: the runtime goes on in place.
      const distance = subtract(g, rows, mean);
      const elements = cast(g, g.runtimeDim(rows.shape[2]!), 'float32');
      const variance = divide(g, reduce(g, 'sumOfSquares', distance, [2]), elements);
      own.means.push(mean);
      own.variances.push(variance);
      const used = mixed(variance, sliceAt(g, given.variances, index));
      const spread = squareRoot(g, add(g, used, g.constant(Float32Array.of(epsilon))));
      const shift = subtract(g, mean, mixed(mean, sliceAt(g, given.means, index)));
      return divide(g, add(g, distance, shift), spread);
    },
    finish() {
      g.output('own_means', concat(g, own.means, 0));
      g.output('own_variances', concat(g, own.variances, 0));
    },
  };
}
