import { AnimateDiffError } from '../core/errors.js';
import { elementCount } from '../core/tensor.js';
import type { WeightSource } from './weight-source.js';

/** Names in an error's sentence; the rest are counted. */
const shown = 5;

/** Notes which weights a network asks for, and checks them all before anything is said. */
export interface WeightCollector {
  /** Notes one weight and checks that it is there in this shape, or in one that differs by sizes of 1 only. */
  request(name: string, shape: readonly number[]): void;
  has(name: string): boolean;
  /** @throws `weights-mismatch` listing the first missing, misshapen and unexpected names. */
  check(): void;
}

/** Collects requests against a source; `part` is the network's name for errors. */
export function weightCollector(source: WeightSource, part: string): WeightCollector {
  const requested = new Set<string>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  return {
    request(name, shape) {
      if (requested.has(name)) return;
      requested.add(name);
      const found = source.shape(name);
      if (found === undefined) missing.push(name);
      else if (!sameBytes(found, shape))
        misshapen.push(`${name} is [${found.join(', ')}], expected [${shape.join(', ')}]`);
    },
    has: (name) => source.shape(name) !== undefined,
    check() {
      if (missing.length === 0 && misshapen.length === 0) return;
      const unexpected = [...source.names].filter((name) => !requested.has(name));
      const lists = [
        list('missing', missing),
        list('of another shape', misshapen),
        list('unexpected', unexpected),
      ];
      throw new AnimateDiffError(
        'weights-mismatch',
        `${source.label} does not hold the weights of the ${part}: ${lists.filter((text) => text !== '').join('; ')}`,
        { details: { part, missing, misshapen, unexpected } },
      );
    },
  };
}

/** A 1×1 convolution and a linear layer hold the same bytes: `[c, c, 1, 1]` serves as `[c, c]`. */
function sameBytes(found: readonly number[], expected: readonly number[]): boolean {
  const dense = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();
  return elementCount(found) === elementCount(expected) && dense(found) === dense(expected);
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const rest = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.length} ${what} (${names.slice(0, shown).join('; ')}${rest})`;
}
