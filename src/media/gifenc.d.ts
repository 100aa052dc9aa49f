// gifenc ships no types. These are the members in use, as its README and source describe them.
declare module 'gifenc' {
  export interface GifWriteOptions {
    /** Writes the screen descriptor, global colour table and loop count first. */
    first?: boolean;
    /** Colour table: the global one with `first`, else this frame's own. Omit to use the global table. */
    palette?: readonly (readonly number[])[];
    /** Milliseconds; rounded to hundredths of a second. */
    delay?: number;
    /** -1: play once, 0: for ever, n: play n more times after the first. */
    repeat?: number;
    /** Bits an index takes. */
    colorDepth?: number;
    transparent?: boolean;
    transparentIndex?: number;
    /** What happens to the frame after its time: 1 keeps it, 2 clears its area. */
    dispose?: number;
  }
  export interface GifStream {
    reset(): void;
    writeHeader(): void;
    writeFrame(indexes: Uint8Array, width: number, height: number, options: GifWriteOptions): void;
    finish(): void;
    /** A copy of what was written so far. */
    bytes(): Uint8Array;
  }
  export function GIFEncoder(options?: { initialCapacity?: number; auto?: boolean }): GifStream;
}
