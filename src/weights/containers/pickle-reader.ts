/** Thrown when a pickle goes on after the bytes at hand. A legacy stream then reads more of the file. */
export class PickleCutOff extends Error {}

/** Takes numbers and strings from the bytes of a pickle. */
export class PickleReader {
  private readonly view: DataView;
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(
    readonly bytes: Uint8Array,
    /** Position of the next byte. */
    public at: number = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Unsigned byte. */
  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  /** Unsigned 16-bit number. */
  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  /** Unsigned 32-bit number. */
  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Signed 32-bit number. */
  i32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  /** Unsigned 64-bit number; beyond 2^53 it is only roughly right, which is enough to refuse it. */
  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  /** Double, big-endian as BINFLOAT has it. */
  f64(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  /** UTF-8 text. Lone surrogates, which Python lets pass, become U+FFFD. */
  text(length: number): string {
    return this.utf8.decode(this.take(length));
  }

  /** A line's text without its end, at most `most` bytes; `undefined` when it is longer. */
  line(most: number): string | undefined {
    const end = this.bytes.subarray(this.at, this.at + most + 1).indexOf(0x0a);
    if (end >= 0) {
      const text = this.text(end);
      this.at++;
      return text;
    }
    if (this.bytes.byteLength - this.at > most) return undefined;
    throw new PickleCutOff();
  }

  private advance(length: number): number {
    const start = this.at;
    if (length > this.bytes.byteLength - start) throw new PickleCutOff();
    this.at = start + length;
    return start;
  }
}
