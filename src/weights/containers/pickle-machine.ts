import { containerError } from './container-error.js';
import type { PickleReader } from './pickle-reader.js';
import type { PickleGlobal, PickleValue } from './pickle-values.js';

/** How a kind of file interprets names, calls and persistent ids. All of it is data: nothing is ever executed. */
export interface PickleRules {
  /** Describes a Python name. */
  global(module: string, name: string): PickleGlobal;
  /** The result of calling `callee`. */
  call(callee: PickleGlobal, args: readonly PickleValue[]): PickleValue;
  /** Gives `state` to an object. */
  build(target: PickleValue, state: PickleValue): void;
  /** The object outside the pickle that an id stands for. */
  persistent(id: PickleValue): PickleValue;
}

/** Budgets: a hostile pickle of a few megabytes could otherwise fill memory or run for minutes. */
const MOST_OPCODES = 10_000_000;
const MOST_OBJECTS = 2_000_000;
const MOST_ON_STACK = 1_000_000;
const MOST_IN_MEMO = 1_000_000;
const MOST_NESTED = 64;
const LONGEST_STRING = 2 ** 20;

/** The state of one unpickling: a stack with marks, and a memo. Opcodes work on it (see `pickle-opcodes.ts`). */
export class PickleMachine {
  private readonly stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private opcodes = 0;
  private objects = 0;

  constructor(
    readonly reader: PickleReader,
    readonly rules: PickleRules,
    readonly file: string,
  ) {}

  /** Fails with what is wrong. */
  fail(problem: string): never {
    throw containerError(this.file, `the pickle is refused at byte ${this.reader.at}: ${problem}`);
  }

  /** Counts one opcode. */
  tick(): void {
    if (++this.opcodes > MOST_OPCODES) this.fail('it has too many instructions');
  }

  /** Pushes a value. */
  push(value: PickleValue): void {
    if (this.stack.length >= MOST_ON_STACK) this.fail('its stack is too deep');
    this.stack.push(value);
  }

  /** Pushes a new object, which counts against the budget. */
  pushObject(value: PickleValue): void {
    this.count(1);
    this.push(value);
  }

  /** Counts objects, or items that go into a list or dict, against the budget. */
  count(objects: number): void {
    this.objects += objects;
    if (this.objects > MOST_OBJECTS) this.fail('it builds too many objects');
  }

  /** Takes the topmost value; never one below a mark. */
  pop(): PickleValue {
    if (this.stack.length <= this.floor()) this.fail('an instruction finds too few values');
    return this.stack.pop()!;
  }

  /** The topmost value, left in place. */
  top(): PickleValue {
    if (this.stack.length <= this.floor()) this.fail('an instruction finds too few values');
    return this.stack[this.stack.length - 1]!;
  }

  /** Begins a group of values. */
  mark(): void {
    if (this.marks.length >= MOST_NESTED) this.fail('it is nested too deep');
    this.marks.push(this.stack.length);
  }

  /** Ends the innermost group and takes its values. */
  popToMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) this.fail('a group ends that did not begin');
    return this.stack.splice(height);
  }

  /** Drops the topmost value, or the innermost mark when nothing is above it. */
  drop(): void {
    if (this.marks.length > 0 && this.stack.length === this.floor()) this.marks.pop();
    else this.pop();
  }

  /** Remembers the topmost value under a number, or the next free one. */
  memoize(index: number = this.memo.size): void {
    if (index > this.opcodes || this.memo.size >= MOST_IN_MEMO) this.fail('its memo is too large');
    this.memo.set(index, this.top());
  }

  /** Pushes a remembered value. */
  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.fail('it recalls what it did not remember');
    this.push(value);
  }

  /** Checks the length of a string or of bytes. */
  stringLength(length: number): number {
    if (length < 0 || length > LONGEST_STRING) this.fail(`a string of ${length} bytes is too long`);
    return length;
  }

  /** The one value that is left when the pickle stops. */
  result(): PickleValue {
    if (this.stack.length !== 1 || this.marks.length !== 0)
      this.fail('it stops with a stack that is not one value');
    return this.stack[0]!;
  }

  private floor(): number {
    return this.marks[this.marks.length - 1] ?? 0;
  }
}
