import type { Pace } from './pace.js';

/** The tensors of one module by the part they play, as far as shapes go. */
export interface PartShapes {
  /** Shape of a part, or `undefined` when the file has none. */
  shape(part: string): readonly number[] | undefined;
  /** Shape of a part. @throws `weights-mismatch` that names what is missing. */
  need(part: string): readonly number[];
  /** Throws `weights-mismatch` that names these parts' keys and shapes. */
  refuse(problem: string, ...parts: string[]): never;
}

/** Values of one part, row-major; parts that the family's `measure` asked for are there. */
export type PartValues = (part: string) => Float32Array;

/** What a module's tensors multiply out to. */
export interface DeltaShape {
  /** First size of the weight that is changed. */
  readonly rows: number;
  /** Elements per row: inputs, times the kernel's elements. */
  readonly columns: number;
  /** What `alpha` is divided by; `undefined` where alpha has no meaning. */
  readonly rank: number | undefined;
}

/** A way to write a change of a weight with few numbers. */
export interface DeltaFamily {
  /** For people. */
  readonly name: string;
  /** Checks that the parts fit each other and tells their product's shape. @throws `weights-mismatch`. */
  measure(parts: PartShapes): DeltaShape;
  /** Adds `factor` times the change to `into [rows, columns]`. */
  add(into: Float32Array, parts: PartShapes, values: PartValues, factor: number, pace: Pace): Promise<void>;
}

/** Elements of everything behind the first `skip` sizes. */
export function elementsFrom(shape: readonly number[], skip: number): number {
  return shape.slice(skip).reduce((product, size) => product * size, 1);
}
