import * as gifenc from 'gifenc';
import { concatBytes } from './bytes.js';
import type { FrameSize } from './frame.js';
import type { Rgb } from './gif-palette.js';

/** What holds for a whole GIF. */
export interface GifSettings extends FrameSize {
  /** Number of plays; 0 is for ever. */
  readonly loop: number;
  /** Whether every colour table gets one entry more, after its colours, that draws nothing. */
  readonly transparency: boolean;
  /**
   * `keep`: each frame is drawn over the ones before, so pixels that stay may be left transparent. `clear`: each frame
   * starts from nothing, as pictures with transparent parts need.
   */
  readonly between: 'keep' | 'clear';
}

/** One frame, ready to be compressed. */
export interface GifFrame {
  /** Palette entry of each pixel; `colors.length` for a transparent one. */
  readonly indexes: Uint8Array;
  /** Colours of the entries. */
  readonly colors: readonly Rgb[];
  /** Duration in hundredths of a second. */
  readonly hundredths: number;
}

/** Builds a GIF file frame by frame. */
export interface GifWriter {
  /** Appends a frame. The first one's colours become the global table, which frames with the same array share. */
  add(frame: GifFrame): void;
  /** The finished file. */
  finish(): Uint8Array;
}

/** Makes an empty {@link GifWriter}. */
export function gifWriter(settings: GifSettings): GifWriter {
  const { width, height, loop, transparency, between } = settings;
  const { GIFEncoder } = loadGifenc();
  const stream = GIFEncoder({ auto: false });
  const parts: Uint8Array[] = [];
  const canvas = new Int32Array(width * height).fill(-1);
  let globalColors: readonly Rgb[] | undefined;

  const compress = (indexes: Uint8Array, { colors, hundredths }: GifFrame): Uint8Array => {
    const first = globalColors === undefined;
    const entries = colors.length + (transparency ? 1 : 0);
    stream.reset();
    if (first) stream.writeHeader();
    stream.writeFrame(indexes, width, height, {
      first,
      // gifenc: -1 leaves the loop extension out, 0 is for ever, and a count is of plays after the first.
      repeat: loop === 0 ? 0 : loop === 1 ? -1 : loop - 1,
      ...(colors === globalColors ? {} : { palette: transparency ? [...colors, [0, 0, 0]] : colors }),
      colorDepth: tableBits(entries),
      delay: hundredths * 10,
      transparent: transparency,
      transparentIndex: transparency ? colors.length : 0,
      dispose: between === 'keep' ? 1 : 2,
    });
    return stream.bytes();
  };

  return {
    add(frame) {
      const whole = compress(frame.indexes, frame);
      const isFirst = globalColors === undefined;
      globalColors ??= frame.colors;
      if (!transparency || between === 'clear') {
        parts.push(whole);
        return;
      }
      const changes = compareToCanvas(frame, canvas);
      // Holes in grainy areas break up the runs that compress well, so both ways are tried.
      const sparse = isFirst ? whole : compress(changes, frame);
      parts.push(sparse.length < whole.length ? sparse : whole);
    },
    finish() {
      stream.reset();
      stream.finish();
      return concatBytes([...parts, stream.bytes()]);
    },
  };
}

// Draws the frame on the canvas, and gives its indexes with the pixels that did not change made transparent.
function compareToCanvas({ indexes, colors }: GifFrame, canvas: Int32Array): Uint8Array {
  const packed = colors.map(([red, green, blue]) => (red << 16) | (green << 8) | blue);
  return indexes.map((index, pixel) => {
    const color = packed[index]!;
    if (canvas[pixel] === color) return colors.length;
    canvas[pixel] = color;
    return index;
  });
}

function tableBits(entries: number): number {
  return Math.max(1, Math.ceil(Math.log2(entries)));
}

// The package's `main` is CommonJS whose names Node cannot see, while bundlers take its ES module. Both have the
// function: as a named export, or on the default export.
function loadGifenc(): Pick<typeof gifenc, 'GIFEncoder'> {
  const module = gifenc as typeof gifenc & { default?: typeof gifenc };
  return 'GIFEncoder' in module ? module : (module as { default: typeof gifenc }).default;
}
