import { containerError } from './container-error.js';

/**
 * Reads JSON text token by token, for the small grammar of safetensors headers. Unlike `JSON.parse` it lets the caller see
 * duplicate keys, tells `1` from `1.0`, keeps integers exact, refuses lone surrogates, and builds no objects that a key
 * such as `__proto__` could touch (RFC 8259, strictly).
 */
export class HeaderScanner {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** Fails with what was expected and where. */
  fail(problem: string): never {
    throw containerError(this.file, `the safetensors header is invalid at character ${this.at}: ${problem}`);
  }

  /** Takes `char` if it comes next, after white space. */
  takeIf(char: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  /** Takes `char`, or fails. */
  take(char: string): void {
    if (!this.takeIf(char)) this.fail(`'${char}' is expected`);
  }

  /** Takes the word `null` if it comes next. */
  takeNull(): boolean {
    this.skipSpace();
    if (!this.text.startsWith('null', this.at)) return false;
    this.at += 4;
    return true;
  }

  /** Fails unless only white space is left. */
  end(): void {
    this.skipSpace();
    if (this.at !== this.text.length) this.fail('nothing may follow the object');
  }

  /** Walks an object, calling `member` after each key and colon; `member` takes the value. */
  object(member: (key: string) => void): void {
    this.take('{');
    if (this.takeIf('}')) return;
    do {
      const key = this.string();
      this.take(':');
      member(key);
    } while (this.takeIf(','));
    this.take('}');
  }

  /** Walks an array, calling `item` before each; `item` takes the value. */
  array(item: () => void): void {
    this.take('[');
    if (this.takeIf(']')) return;
    do item();
    while (this.takeIf(','));
    this.take(']');
  }

  /** A whole number from 0 to 2^53 − 1, written in digits only. */
  integer(): number {
    this.skipSpace();
    const digits = this.match(/(?:0|[1-9][0-9]*)(?![0-9.eE])/y);
    if (digits === undefined) this.fail('a whole number, in digits only, is expected');
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.fail(`the number ${digits.slice(0, 30)} is too large`);
    return value;
  }

  /** A string, with its escapes resolved. */
  string(): string {
    this.take('"');
    let value = '';
    let start = this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) break;
      if (code === 0x5c) {
        value += this.text.slice(start, this.at) + this.escape();
        start = this.at;
      } else if (code >= 0x20) this.at++;
      else this.fail('a string is not ended, or has a control character');
    }
    value += this.text.slice(start, this.at++);
    return value;
  }

  /** Takes any value and forgets it. `depth` counts how many values may still be nested. */
  skipValue(depth: number): void {
    if (depth === 0) this.fail('values are nested too deep');
    this.skipSpace();
    const first = this.text[this.at];
    if (first === '{') this.object(() => this.skipValue(depth - 1));
    else if (first === '[') this.array(() => this.skipValue(depth - 1));
    else if (first === '"') this.string();
    else if (
      this.match(/(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y) === undefined
    ) {
      this.fail('a value is expected');
    }
  }

  private escape(): string {
    const short = this.text[this.at + 1] ?? '';
    const plain = SHORT_ESCAPES.get(short);
    if (plain !== undefined) {
      this.at += 2;
      return plain;
    }
    const unit = this.unicodeEscape();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    const low = unit < 0xdc00 ? this.unicodeEscape() : 0;
    if (low < 0xdc00 || low > 0xdfff) this.fail('half a surrogate pair is no character');
    return String.fromCharCode(unit, low);
  }

  private unicodeEscape(): number {
    const sequence = this.match(/\\u[0-9a-fA-F]{4}/y);
    if (sequence === undefined) this.fail('the escape is not valid');
    return Number.parseInt(sequence.slice(2), 16);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
