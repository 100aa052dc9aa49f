import { PickleMachine, type PickleRules } from './pickle-machine.js';
import type { PickleReader } from './pickle-reader.js';
import { isKind, type PickleValue } from './pickle-values.js';

type Handler = (machine: PickleMachine) => void;

const STOP = 0x2e;

/**
 * Reads one pickle from where the reader stands to its STOP. Opcodes are those of Python's `pickletools`; the table is
 * closed, and the text opcodes of protocol 0, extension codes and out-of-band buffers are not in it.
 * @throws `weights-format` for all that is not allowed; `PickleCutOff` when the bytes end before STOP.
 */
export function readPickle(reader: PickleReader, rules: PickleRules, file: string): PickleValue {
  const machine = new PickleMachine(reader, rules, file);
  for (;;) {
    const opcode = reader.u8();
    if (opcode === STOP) return machine.result();
    machine.tick();
    const handler = handlers[opcode];
    if (handler !== undefined) handler(machine);
    else machine.fail(`the instruction 0x${opcode.toString(16)} is not allowed`);
  }
}

const handlers: Readonly<Record<number, Handler>> = {
  // Frame
  128: (m) => {
    const protocol = m.reader.u8();
    if (protocol < 2 || protocol > 5) m.fail(`protocol ${protocol} is not read`);
  },
  149: (m) => void m.reader.u64(),
  // Stack and memo
  40: (m) => m.mark(),
  48: (m) => m.drop(),
  49: (m) => void m.popToMark(),
  50: (m) => m.push(m.top()),
  113: (m) => m.memoize(m.reader.u8()),
  114: (m) => m.memoize(m.reader.u32()),
  148: (m) => m.memoize(),
  104: (m) => m.recall(m.reader.u8()),
  106: (m) => m.recall(m.reader.u32()),
  // Scalars
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  74: (m) => m.push(m.reader.i32()),
  75: (m) => m.push(m.reader.u8()),
  77: (m) => m.push(m.reader.u16()),
  138: (m) => m.push(longInteger(m)),
  71: (m) => m.push(m.reader.f64()),
  // Text and bytes
  88: (m) => m.pushObject(m.reader.text(m.stringLength(m.reader.u32()))),
  140: (m) => m.pushObject(m.reader.text(m.reader.u8())),
  141: (m) => m.pushObject(m.reader.text(m.stringLength(m.reader.u64()))),
  84: (m) => m.pushObject(m.reader.text(m.stringLength(m.reader.i32()))),
  85: (m) => m.pushObject(m.reader.text(m.reader.u8())),
  66: (m) => pushBytes(m, m.stringLength(m.reader.u32())),
  67: (m) => pushBytes(m, m.reader.u8()),
  142: (m) => pushBytes(m, m.stringLength(m.reader.u64())),
  // Containers
  41: (m) => m.pushObject({ kind: 'tuple', items: [] }),
  116: (m) => m.pushObject({ kind: 'tuple', items: m.popToMark() }),
  133: (m) => pushTuple(m, 1),
  134: (m) => pushTuple(m, 2),
  135: (m) => pushTuple(m, 3),
  93: (m) => m.pushObject({ kind: 'list', items: [] }),
  97: (m) => append(m, [m.pop()]),
  101: (m) => append(m, m.popToMark()),
  125: (m) => m.pushObject({ kind: 'dict', items: new Map() }),
  115: (m) => {
    const value = m.pop();
    setItems(m, [m.pop(), value]);
  },
  117: (m) => setItems(m, m.popToMark()),
  143: (m) => m.pushObject({ kind: 'opaque', name: 'set' }),
  144: addItems,
  145: (m) => {
    m.popToMark();
    m.pushObject({ kind: 'opaque', name: 'frozenset' });
  },
  // Objects
  99: (m) => m.pushObject(m.rules.global(nameLine(m), nameLine(m))),
  147: stackGlobal,
  82: call,
  129: call,
  146: (m) => {
    m.pop();
    call(m);
  },
  98: (m) => {
    const state = m.pop();
    m.rules.build(m.top(), state);
  },
  81: (m) => m.pushObject(m.rules.persistent(m.pop())),
};

/** LONG1: little-endian two's complement. Nothing in a weight file needs more than 64 bits. */
function longInteger(machine: PickleMachine): number | bigint {
  const length = machine.reader.u8();
  if (length > 9) machine.fail(`an integer of ${length} bytes is too long`);
  let value = 0n;
  machine.reader.take(length).forEach((byte, i) => {
    value |= BigInt(byte) << BigInt(8 * i);
  });
  const signed = BigInt.asIntN(8 * length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

function pushBytes(machine: PickleMachine, length: number): void {
  machine.pushObject({ kind: 'bytes', bytes: machine.reader.take(length) });
}

function pushTuple(machine: PickleMachine, length: number): void {
  const items = Array.from({ length }, () => machine.pop()).reverse();
  machine.pushObject({ kind: 'tuple', items });
}

function append(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top();
  machine.count(items.length);
  if (isKind(target, 'list')) for (const item of items) target.items.push(item);
  else if (!isKind(target, 'opaque')) machine.fail('items are appended to what is no list');
}

function addItems(machine: PickleMachine): void {
  machine.popToMark();
  if (!isKind(machine.top(), 'opaque')) machine.fail('items are added to what is no set');
}

function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const target = machine.top();
  machine.count(items.length / 2);
  if (items.length % 2 !== 0) machine.fail('a key has no value');
  if (isKind(target, 'opaque')) return;
  if (!isKind(target, 'dict')) machine.fail('items are set on what is no dict');
  for (let i = 0; i < items.length; i += 2) target.items.set(items[i]!, items[i + 1]!);
}

/** Longest Python name, in bytes. */
const LONGEST_NAME = 1024;

function nameLine(machine: PickleMachine): string {
  return machine.reader.line(LONGEST_NAME) ?? machine.fail('a name is too long');
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (
    typeof name !== 'string' ||
    typeof module !== 'string' ||
    name.length + module.length > 2 * LONGEST_NAME
  ) {
    machine.fail('a name is no text, or too long');
  }
  machine.pushObject(machine.rules.global(module, name));
}

// REDUCE calls a function, NEWOBJ a class: both only describe.
function call(machine: PickleMachine): void {
  const args = machine.pop();
  const callee = machine.pop();
  if (!isKind(args, 'tuple') || !isKind(callee, 'global')) machine.fail('something is called that cannot be');
  // What is made of the arguments may copy them, so they count each time.
  machine.count(args.items.reduce((sum: number, item) => sum + weight(item), 0));
  machine.pushObject(machine.rules.call(callee, args.items));
}

function weight(value: PickleValue): number {
  if (isKind(value, 'dict')) return value.items.size;
  return isKind(value, 'list') || isKind(value, 'tuple') ? value.items.length : 0;
}
