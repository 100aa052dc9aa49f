/** A code has at most 12 bits. */
const mostCodes = 4096;

/**
 * The colours of a GIF's picture: LZW with codes that grow from `codeSize + 1` to 12 bits (GIF89a specification,
 * appendix F).
 * @param count How many there must be; what comes after them is left alone.
 * @returns `undefined` when the codes are wrong or end early.
 */
export function unpackGifCodes(codes: Uint8Array, codeSize: number, count: number): Uint8Array | undefined {
  const out = new Uint8Array(count);
  const clear = 1 << codeSize;
  // Each entry of the table is a run of what was written already, and the colour after it.
  const starts = new Uint32Array(mostCodes);
  const lengths = new Uint16Array(mostCodes);
  let [next, bits, written] = [clear + 2, codeSize + 1, 0];
  let [held, heldBits] = [0, 0];
  let before = -1;
  for (let at = 0; written < count; ) {
    while (heldBits < bits) {
      if (at >= codes.length) return undefined;
      held |= codes[at++]! << heldBits;
      heldBits += 8;
    }
    const code = held & ((1 << bits) - 1);
    held >>>= bits;
    heldBits -= bits;
    if (code === clear) {
      [next, bits, before] = [clear + 2, codeSize + 1, -1];
      continue;
    }
    if (code === clear + 1 || (before < 0 ? code > clear : code > next)) return undefined;
    const start = written;
    if (code < clear) {
      out[written++] = code;
    } else {
      // The entry may be the very one that this code completes: then it runs into what is being written.
      const from = code === next ? before : starts[code]!;
      const length = code === next ? start - before + 1 : lengths[code]!;
      for (let i = 0; i < length && written < count; i++) out[written++] = out[from + i]!;
    }
    if (before >= 0 && next < mostCodes) {
      starts[next] = before;
      lengths[next] = start - before + 1;
      next++;
      if (next === 1 << bits && bits < 12) bits++;
    }
    before = start;
  }
  return out;
}
