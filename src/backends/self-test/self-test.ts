import { float16ToFloat32 } from '../../core/half.js';
import type { Tensor } from '../../core/tensor.js';
import type { FusedOperator, ModelArtifact } from '../backend.js';
import { float16Case, type SelfTestCase, selfTestCases } from './cases.js';

/** Loads a network, runs it once and lets it go. */
export type RunOnce = (
  artifact: ModelArtifact,
  feeds: Readonly<Record<string, Tensor>>,
) => Promise<Readonly<Record<string, Tensor>>>;

/** What a device was found to do rightly. */
export interface SelfTestResult {
  /** The candidates that gave right results. */
  readonly dialect: ReadonlySet<FusedOperator>;
  readonly float16: boolean;
  /** What is wrong, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Compares a few small networks with the same arithmetic in JavaScript. An operator that is wrong or missing leaves
 * the dialect; a portable operator that is wrong is noted, since no graph can do without.
 *
 * @param candidates Fused operators that the device should have.
 * @param mayHaveFloat16 `false` where half floats are known to be missing.
 */
export async function selfTest(
  run: RunOnce,
  device: string,
  candidates: readonly FusedOperator[],
  mayHaveFloat16 = true,
): Promise<SelfTestResult> {
  const dialect = new Set(candidates);
  const notes: string[] = [];
  for (const each of selfTestCases()) {
    const { operator, what } = each;
    if (operator !== undefined && !dialect.has(operator)) continue;
    const problem = await check(run, each);
    if (problem === undefined) continue;
    if (operator !== undefined) dialect.delete(operator);
    const remedy =
      operator === undefined ? 'networks that need it give wrong results here' : `${operator} is not used`;
    notes.push(`${what} ${problem} on this ${device} device: ${remedy}`);
  }
  const float16 = mayHaveFloat16 && (await check(run, float16Case())) === undefined;
  return { dialect, float16, notes };
}

/** `undefined` when the device is right, otherwise a verb phrase. */
async function check(
  run: RunOnce,
  { artifact, feeds, expected, tolerance }: SelfTestCase,
): Promise<string | undefined> {
  let output: Float32Array;
  try {
    output = asFloat32((await run(artifact, feeds))['y']);
  } catch (error) {
    return `fails (${(error as Error).message})`;
  }
  const error = relativeError(output, expected);
  return error <= tolerance ? undefined : `is wrong (relative error ${error.toExponential(1)})`;
}

function asFloat32(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Uint16Array) return float16ToFloat32(tensor.data);
  return tensor?.data instanceof Float32Array ? tensor.data : new Float32Array();
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const error = expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - found[i]!)), 0);
  // NaN compares with nothing and must not pass for a small error.
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / scale;
}
