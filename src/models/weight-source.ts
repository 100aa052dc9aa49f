import type { ReadOptions } from '../core/source.js';

/**
 * Where a network's layers get their weights from, by canonical name. A file is one; adapters wrap one and change
 * what `read` gives. Nothing is read before a backend asks.
 */
export interface WeightSource {
  /** For errors: the file or files. */
  readonly label: string;
  /** Names of all weights that there are. */
  readonly names: Iterable<string>;
  /** Shape of a weight, outermost size first, or `undefined` when there is none of that name. */
  shape(name: string): readonly number[] | undefined;
  /**
   * The weight as float32, row-major.
   * @throws `numerics` for NaN or infinity, `weights-format` when the file cannot be read.
   */
  read(name: string, options?: ReadOptions): Promise<Float32Array>;
  /**
   * The weight's IEEE half bits where the source has it as such, so that nothing is widened only to be narrowed again;
   * `undefined` where it has not. A source that changes weights leaves this out.
   * @throws as `read` does.
   */
  readFloat16?(name: string, options?: ReadOptions): Promise<Uint16Array | undefined>;
  /** Changes whenever any weight may have; `undefined` when that cannot be told. */
  identity(options?: ReadOptions): Promise<string | undefined>;
}
