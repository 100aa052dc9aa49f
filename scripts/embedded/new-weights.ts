import { elementCount } from '../../src/core/tensor.ts';
import type { StartValue } from '../../src/training/train-unet.ts';
import { trainingRandom } from '../../src/training/training-random.ts';

/** Collects new weights under the names of a network's file. */
export interface NewWeights {
  /** With biases of zero unless told otherwise. */
  conv(name: string, out: number, inSize: number, kernel?: number): void;
  linear(name: string, out: number, inSize: number, bias?: boolean): void;
  norm(name: string, channels: number): void;
  table(name: string, rows: number, columns: number, deviation: number): void;
  /** Layers whose output begins at zero, so that what they add begins as nothing. */
  zero(name: string): void;
  readonly values: ReadonlyMap<string, StartValue>;
}

/**
 * Weights of normal numbers.
 * @param gain Deviation times the root of the inputs: 1 keeps a signal's strength; torch's layers have about 0.58.
 */
export function newWeights(seed: number, gain = 1 / Math.sqrt(3)): NewWeights {
  const values = new Map<string, StartValue>();
  const drawn = (name: string, shape: readonly number[], deviation: number): void => {
    const normal = trainingRandom(seed, 'weights', values.size).normal(elementCount(shape));
    values.set(name, { shape, values: normal.map((value) => value * deviation) });
  };
  const filled = (name: string, size: number, value: number): void => {
    values.set(name, { shape: [size], values: new Float32Array(size).fill(value) });
  };
  return {
    values,
    conv(name, out, inSize, kernel = 3) {
      drawn(`${name}.weight`, [out, inSize, kernel, kernel], gain / Math.sqrt(inSize * kernel ** 2));
      filled(`${name}.bias`, out, 0);
    },
    linear(name, out, inSize, bias = true) {
      drawn(`${name}.weight`, [out, inSize], gain / Math.sqrt(inSize));
      if (bias) filled(`${name}.bias`, out, 0);
    },
    norm(name, channels) {
      filled(`${name}.weight`, channels, 1);
      filled(`${name}.bias`, channels, 0);
    },
    table: (name, rows, columns, deviation) => drawn(`${name}.weight`, [rows, columns], deviation),
    zero(name) {
      values.get(`${name}.weight`)!.values.fill(0);
    },
  };
}
