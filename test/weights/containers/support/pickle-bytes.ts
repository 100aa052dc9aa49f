import { join } from './zip-bytes.js';

/** Instructions of a pickle as text: names of instructions become their bytes. Enough to write hostile ones by hand. */
export type PickleText = readonly (string | number | Uint8Array)[];

/** Joins instructions: a string is a character or more of them, a number one byte. */
export function pickleBytes(...parts: PickleText): Uint8Array {
  return join([
    Uint8Array.of(0x80, 2),
    ...parts.map((part) =>
      typeof part === 'number'
        ? Uint8Array.of(part)
        : typeof part === 'string'
          ? new Uint8Array(Buffer.from(part, 'latin1'))
          : part,
    ),
    Uint8Array.of(0x2e),
  ]);
}

/** BINUNICODE: pushes a text. */
export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return join([Uint8Array.of(0x58), word(bytes.byteLength), bytes]);
}

/** BININT: pushes an integer. */
export function int(value: number): Uint8Array {
  return join([Uint8Array.of(0x4a), word(value)]);
}

/** LONG1: pushes an integer of up to 8 bytes. */
export function long(value: bigint): Uint8Array {
  const bytes = new Uint8Array(new BigInt64Array([value]).buffer);
  return join([Uint8Array.of(0x8a, 8), bytes]);
}

function word(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

/** GLOBAL: pushes a Python name. */
export function global(module: string, name: string): string {
  return `c${module}\n${name}\n`;
}

/** A tuple of values, each given by its instructions. */
export function tuple(...items: PickleText[]): PickleText {
  return ['(', ...items.flat(), 't'];
}

/** What a tensor in a test is. */
export interface TensorText {
  key?: string;
  storage?: string;
  count?: Uint8Array;
  offset?: Uint8Array;
  size?: PickleText;
  stride?: PickleText;
  metadata?: PickleText;
}

/** A call of `_rebuild_tensor_v2`, by default of the 4 float32 numbers of record 0. */
export function tensor(options: TensorText = {}): PickleText {
  const id = tuple(
    [text('storage')],
    [global('torch', options.storage ?? 'FloatStorage')],
    [text(options.key ?? '0')],
    [text('cpu')],
    [options.count ?? int(4)],
  );
  return [
    global('torch._utils', '_rebuild_tensor_v2'),
    ...tuple(
      [...id, 'Q'],
      [options.offset ?? int(0)],
      options.size ?? tuple([int(4)]),
      options.stride ?? tuple([int(1)]),
      [0x89],
      [global('collections', 'OrderedDict'), ')', 'R'],
      options.metadata ?? [],
    ),
    'R',
  ];
}

/** A dict of one entry, `w`. */
export function dictOf(value: PickleText): PickleText {
  return ['}', text('w'), ...value, 's'];
}
