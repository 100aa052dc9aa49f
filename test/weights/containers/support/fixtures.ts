import { readFileSync } from 'node:fs';
import { bytesSource } from '../../../../src/core/bytes-source.js';
import type { ByteSource } from '../../../../src/core/source.js';
import { toFloat32 } from '../../../../src/weights/convert.js';
import type { WeightStore } from '../../../../src/weights/weight-store.js';

const folder = new URL('../../../fixtures/', import.meta.url);

/** The bytes of a file below test/fixtures/. */
export function fixtureBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, folder)));
}

/** A source over a file below test/fixtures/containers/. */
export function fixture(name: string): ByteSource {
  return bytesSource(fixtureBytes(`containers/${name}`), { name });
}

/** A tensor as expected.json has it. */
export interface ExpectedTensor {
  type: string;
  shape: number[];
  values: number[];
}

/** What torch says is in the fixtures (made by test/fixtures/containers/make.py). */
export function expectedFiles(): Record<string, Record<string, ExpectedTensor>> {
  return JSON.parse(new TextDecoder().decode(fixtureBytes('containers/expected.json'))).files;
}

/** Every tensor of a store, in the form of expected.json. */
export async function contentOf(store: WeightStore): Promise<Record<string, Omit<ExpectedTensor, 'type'>>> {
  const content: [string, Omit<ExpectedTensor, 'type'>][] = [];
  for (const [name, { shape }] of store.entries) {
    content.push([name, { shape: [...shape], values: [...toFloat32(await store.read(name))] }]);
  }
  return Object.fromEntries(content);
}
