import { readFileSync } from 'node:fs';
import { elementCount } from '../../../src/core/tensor.js';
import type { TensorEntry, WeightStore } from '../../../src/weights/weight-store.js';

/** Shapes by tensor name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** A list of names and shapes from `test/fixtures/names`. */
export function fixtureShapes(name: string): Shapes {
  const url = new URL(`../../fixtures/names/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Shapes;
}

/** A store that has every header but whose tensors are zeros, and that knows whether it was closed. */
export function headerStore(
  shapes: Shapes,
  { label = 'model.safetensors', metadata = {} as Record<string, string> } = {},
): WeightStore & { readonly isClosed: () => boolean } {
  const entries = new Map<string, TensorEntry>(
    Object.entries(shapes).map(([name, shape]) => [name, { name, type: 'f32', shape }]),
  );
  let closed = false;
  return {
    label,
    entries,
    metadata: new Map(Object.entries(metadata)),
    read: async (name) => {
      const { type, shape } = entries.get(name)!;
      return { type, shape, bytes: new Uint8Array(4 * elementCount(shape)) };
    },
    fingerprint: async () => label,
    close: async () => {
      closed = true;
    },
    isClosed: () => closed,
  };
}

/** Names and shapes of a store, in alphabetical order, to compare stores with. */
export function shapesOf(store: WeightStore): [string, readonly number[]][] {
  return [...store.entries.values()]
    .map(({ name, shape }): [string, readonly number[]] => [name, shape])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** {@link shapesOf} of a plain list. */
export function sortedShapes(shapes: Shapes): [string, readonly number[]][] {
  return Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The entries below a prefix, with the prefix replaced. */
export function moved(shapes: Shapes, from: string, to: string): Shapes {
  return Object.fromEntries(
    Object.entries(shapes)
      .filter(([name]) => name.startsWith(from))
      .map(([name, shape]) => [to + name.slice(from.length), shape]),
  );
}
