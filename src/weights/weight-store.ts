import type { ReadOptions } from '../core/source.js';

/** Element types that weight files use. The `f8` ones are the OCP 8-bit floats of safetensors and torch. */
export type WeightType =
  | 'f64'
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'f8_e4m3'
  | 'f8_e5m2'
  | 'f8_e4m3fnuz'
  | 'f8_e5m2fnuz'
  | 'f8_e8m0'
  | 'i64'
  | 'i32'
  | 'i16'
  | 'i8'
  | 'u64'
  | 'u32'
  | 'u16'
  | 'u8'
  | 'bool';

/** One tensor of a file, known from its header: nothing of it has been read. */
export interface TensorEntry {
  readonly name: string;
  readonly type: WeightType;
  /** Sizes, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
}

/** The bytes of one tensor: little-endian, row-major, contiguous. */
export interface RawTensor {
  readonly type: WeightType;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** The elements. */
  readonly bytes: Uint8Array;
}

/**
 * Named tensors, read one at a time when asked for. A container (safetensors, torch zip) is one; a renamed,
 * filtered or merged view of others is one too.
 */
export interface WeightStore {
  /** For errors and events: usually the file's name. */
  readonly label: string;
  /** Every tensor by name. A `Map`, so that no name from a file can touch a prototype. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Untrusted strings of the file's own header; empty when it has none. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Reads one tensor.
   * @throws `weights-mismatch` when the name is not in `entries`; `weights-format` when the bytes are not there.
   */
  read(name: string, options?: ReadOptions): Promise<RawTensor>;
  /** Changes whenever the content of any tensor may have; `undefined` when the source cannot tell. */
  fingerprint(options?: ReadOptions): Promise<string | undefined>;
  /** Closes the files beneath. Reading again opens them again. */
  close(): Promise<void>;
}
