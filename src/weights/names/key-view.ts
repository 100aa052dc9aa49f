import type { TensorEntry } from '../weight-store.js';

/** The header of a weight file with the questions that classifying asks. */
export interface KeyView {
  /** Tensors by name. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Untrusted strings of the header. */
  readonly metadata: ReadonlyMap<string, string>;
  /** All names. */
  readonly names: ReadonlySet<string>;
  /** True when any name starts with one of these. */
  starts(...prefixes: string[]): boolean;
  /** True when any name contains one of these. */
  contains(...parts: string[]): boolean;
  /** True when any name matches. */
  matches(pattern: RegExp): boolean;
  /** Shape of the first tensor whose name matches. */
  shapeOf(pattern: RegExp): readonly number[] | undefined;
}

/** Wraps a file's header. */
export function keyView(
  entries: ReadonlyMap<string, TensorEntry>,
  metadata: ReadonlyMap<string, string>,
): KeyView {
  const list = [...entries.keys()];
  return {
    entries,
    metadata,
    names: new Set(list),
    starts: (...prefixes) => list.some((name) => prefixes.some((prefix) => name.startsWith(prefix))),
    contains: (...parts) => list.some((name) => parts.some((part) => name.includes(part))),
    matches: (pattern) => list.some((name) => pattern.test(name)),
    shapeOf: (pattern) => {
      const name = list.find((candidate) => pattern.test(candidate));
      return name === undefined ? undefined : entries.get(name)?.shape;
    },
  };
}
