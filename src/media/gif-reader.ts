import { brokenPicture } from './picture-limits.js';

/** One picture of a GIF, which may cover a part of the canvas. */
export interface GifPicture {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  /** Red, green and blue of each colour. */
  readonly colours: Uint8Array;
  /** The colour that leaves what is there; −1 when there is none. */
  readonly transparent: number;
  /** What becomes of it after its time: 2 clears its area, 3 brings back what was there before it. */
  readonly disposal: number;
  /** Hundredths of a second that it is shown. */
  readonly hundredths: number;
  /** Bits of the smallest code. */
  readonly codeSize: number;
  /** The compressed colours. */
  readonly codes: Uint8Array;
}

/** A GIF taken apart. Its pictures are read one after the other, and none is unpacked. */
export interface GifFile {
  readonly width: number;
  readonly height: number;
  readonly pictures: Iterable<GifPicture>;
}

/** Whether a file begins as GIFs do. */
export function isGif(bytes: Uint8Array): boolean {
  return /^GIF8[79]a$/.test(String.fromCharCode(...bytes.subarray(0, 6)));
}

/**
 * Reads the blocks of a GIF file (GIF89a specification, sections 18 to 27).
 * @throws `weights-format` that names the file when it is broken or cut short, also from the iteration.
 */
export function gifFile(bytes: Uint8Array, name: string): GifFile {
  const read = reader(bytes, name);
  if (!isGif(bytes)) brokenPicture(name, 'it is no GIF');
  read.bytes(6);
  const [width, height] = [read.word(), read.word()];
  const flags = read.byte();
  read.bytes(2);
  const colours = flags & 0x80 ? read.bytes(3 << ((flags & 7) + 1)) : undefined;
  return { width, height, pictures: gifPictures(read, colours, name) };
}

function* gifPictures(
  read: Reader,
  shared: Uint8Array | undefined,
  name: string,
): Generator<GifPicture, void> {
  let control = { flags: 0, hundredths: 0, transparent: -1 };
  for (;;) {
    const block = read.byte();
    if (block === 0x3b) return;
    if (block === 0x21) {
      const isControl = read.byte() === 0xf9;
      const content = read.blocks();
      if (!isControl || content.length < 4) continue;
      const [flags, low, high, transparent] = content as unknown as [number, number, number, number];
      control = { flags, hundredths: low + 256 * high, transparent: flags & 1 ? transparent : -1 };
    } else if (block === 0x2c) {
      const [left, top, width, height] = [read.word(), read.word(), read.word(), read.word()];
      const flags = read.byte();
      const colours = flags & 0x80 ? read.bytes(3 << ((flags & 7) + 1)) : shared;
      const codeSize = read.byte();
      if (colours === undefined) brokenPicture(name, 'a picture of the GIF has no colours');
      if (codeSize < 1 || codeSize > 8) brokenPicture(name, `a GIF has no codes of ${codeSize} bits`);
      const { hundredths, transparent } = control;
      const disposal = (control.flags >> 2) & 7;
      const own = { left, top, width, height, colours, codeSize, codes: read.blocks() };
      yield { ...own, interlaced: (flags & 0x40) !== 0, transparent, disposal, hundredths };
      control = { flags: 0, hundredths: 0, transparent: -1 };
    } else {
      brokenPicture(name, `the GIF has a block ${block} that does not exist`);
    }
  }
}

interface Reader {
  byte(): number;
  word(): number;
  bytes(count: number): Uint8Array;
  /** Blocks up to an empty one, joined. */
  blocks(): Uint8Array;
}

function reader(bytes: Uint8Array, name: string): Reader {
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) brokenPicture(name, 'the GIF is cut short');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const byte = (): number => take(1)[0]!;
  return {
    byte,
    word: () => byte() + 256 * byte(),
    bytes: take,
    blocks() {
      const start = at;
      let size = 0;
      for (let length = byte(); length > 0; length = byte()) {
        take(length);
        size += length;
      }
      const joined = new Uint8Array(size);
      for (let from = start, to = 0; to < size; from += 1 + bytes[from]!) {
        joined.set(bytes.subarray(from + 1, from + 1 + bytes[from]!), to);
        to += bytes[from]!;
      }
      return joined;
    },
  };
}
