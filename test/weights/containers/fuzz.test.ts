import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/core/bytes-source.js';
import { AnimateDiffError } from '../../../src/core/errors.js';
import { readZipDirectory } from '../../../src/weights/containers/zip-directory.js';
import { zipReader } from '../../../src/weights/containers/zip-read.js';
import { openWeights } from '../../../src/weights/open-weights.js';
import { writeSafetensors } from '../../../src/weights/safetensors-writer.js';
import { fixtureBytes } from './support/fixtures.js';
import { join, type Member, zipBytes } from './support/zip-bytes.js';

/** How often each file is changed. The generator's seed is fixed, so a failure comes again. */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 250);
const SLOWEST_MS = 2000;
/** No file here is larger than 30 kB; expanded views may take up to 16 MiB each. */
const MOST_BYTES_PER_TENSOR = 16 * 2 ** 20;

type Random = (below: number) => number;

/** mulberry32: enough for choosing places. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x28, 0x2e, 0x52, 0x73, 0x75, 0x22, 0x5b, 0x7b, 0x30];

const mutations: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  // Cut off.
  (bytes, random) => bytes.slice(0, random(bytes.byteLength)),
  // One bit.
  (bytes, random) => {
    const at = random(bytes.byteLength);
    return bytes.with(at, bytes[at]! ^ (1 << random(8)));
  },
  // A few bytes, of the kind that parsers stumble over.
  (bytes, random) => {
    const changed = bytes.slice();
    for (let i = 0; i <= random(4); i++)
      changed[random(bytes.byteLength)] = INTERESTING[random(INTERESTING.length)]!;
    return changed;
  },
  // A number of 2, 4 or 8 bytes near the start or the end, where lengths and offsets are.
  (bytes, random) => {
    const changed = bytes.slice();
    const width = 2 ** (1 + random(3));
    const near = Math.min(bytes.byteLength - width, 400);
    const at = random(2) === 0 ? random(near) : bytes.byteLength - width - random(near);
    const values = [
      0n,
      1n,
      2n ** 16n - 1n,
      2n ** 32n - 1n,
      2n ** 53n,
      2n ** 63n - 1n,
      2n ** 64n - 1n,
      BigInt(random(70_000)),
    ];
    const number = new Uint8Array(new BigUint64Array([values[random(values.length)]!]).buffer);
    changed.set(number.subarray(0, width), at);
    return changed;
  },
  // A piece that is missing, there twice, or swapped in from elsewhere.
  (bytes, random) => {
    const [from, to] = [random(bytes.byteLength), random(bytes.byteLength)];
    const piece = bytes.subarray(from, from + random(64));
    const rest = bytes.subarray(to + (random(2) === 0 ? 0 : piece.byteLength));
    return join([bytes.subarray(0, to), ...(random(4) === 0 ? [] : [piece]), rest]);
  },
  // Something appended.
  (bytes, random) => join([bytes, bytes.subarray(0, random(100))]),
];

async function outcome(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    const store = await openWeights(bytesSource(bytes, { name: 'fuzz' }));
    for (const name of store.entries.keys()) {
      const tensor = await store.read(name);
      expect(tensor.bytes.byteLength).toBeLessThanOrEqual(MOST_BYTES_PER_TENSOR);
    }
    return 'read';
  } catch (error) {
    if (error instanceof AnimateDiffError) return 'refused';
    throw error;
  }
}

const safetensors = writeSafetensors(
  [
    { name: 'a', type: 'f32', shape: [2, 3], bytes: new Uint8Array(24) },
    { name: 'b.c', type: 'f16', shape: [5], bytes: new Uint8Array(10) },
    { name: 'd', type: 'i64', shape: [], bytes: new Uint8Array(8) },
  ],
  new Map([['format', 'pt']]),
);

/** Names and contents of an archive. */
async function membersOf(name: string): Promise<Member[]> {
  const source = bytesSource(fixtureBytes(`containers/${name}`));
  const entries = [...(await readZipDirectory(source)).values()];
  const zip = zipReader(source);
  return Promise.all(
    entries.map(async (entry) => ({
      name: entry.name,
      content: await zip.read(entry, 0, entry.size),
      crc: 0,
    })),
  );
}

const files: [string, Uint8Array][] = [
  ['safetensors', safetensors],
  ...[
    'views.pt',
    'legacy.pt',
    'protocol-4.pt',
    'deflated.pt',
    'lightning.pt',
    'inversion.pt',
    'dtypes.pt',
  ].map((name): [string, Uint8Array] => [name, fixtureBytes(`containers/${name}`)]),
];

async function fuzz(
  name: string,
  original: Uint8Array,
  wrap: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const random = randomFrom(name.length * 1000);
  const seen = { read: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    let bytes = original;
    for (let i = 0; i <= random(3) && bytes.byteLength >= 16; i++) {
      bytes = mutations[random(mutations.length)]!(bytes, random);
    }
    const started = performance.now();
    try {
      seen[await outcome(wrap(bytes))]++;
    } catch (cause) {
      throw new Error(`round ${round} of ${name}`, { cause });
    }
    expect(performance.now() - started, `round ${round}`).toBeLessThan(SLOWEST_MS);
  }
  expect(seen.refused).toBeGreaterThan(0);
}

describe('a damaged or hostile file is read or refused with an AnimateDiffError, soon', () => {
  test.each(files)('%s', (name, original) => fuzz(name, original, (bytes) => bytes));

  // Checksums would stop most changes of a pickle before it is interpreted.
  test.each(['views.pt', 'protocol-4.pt', 'lightning.pt', 'trainer.pt', 'inversion.pt'])(
    'the pickle of %s in a sound archive',
    async (name) => {
      const members = await membersOf(name);
      const pickle = members.find((member) => member.name.endsWith('/data.pkl'))!;
      await fuzz(name, pickle.content as Uint8Array, (bytes) =>
        zipBytes(members.map((member) => (member === pickle ? { ...pickle, content: bytes } : member))),
      );
    },
  );
});
