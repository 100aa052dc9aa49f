/** What is shared out among chunks: a token, or several that stay together. */
export interface ChunkItem {
  /** Places it takes, at most a chunk's capacity. */
  readonly size: number;
  /** Whether it is a comma, after which a chunk may end early. */
  readonly comma: boolean;
}

/** Settings of {@link tokenChunks}. */
export interface ChunkOptions {
  /** Places of a chunk: 75 for CLIP. */
  readonly capacity: number;
  /**
   * A chunk that is full ends after its last comma if that is among so many last places, so that a phrase stays in one
   * chunk; 0 for never.
   */
  readonly commaBacktrack: number;
}

/**
 * Shares tokens out among chunks as stable-diffusion-webui does (its wiki, "Infinite prompt length" and "BREAK
 * keyword"): each section begins a new chunk, a full chunk is cut after a near comma, and an item is never cut.
 * @returns At least one chunk; all may be empty.
 */
export function tokenChunks<T extends ChunkItem>(
  sections: readonly (readonly T[])[],
  { capacity, commaBacktrack }: ChunkOptions,
): T[][] {
  const chunks: T[][] = [];
  let chunk: T[] = [];
  let used = 0;
  // The place of the chunk's last comma, and how many items there are up to it.
  let comma = { place: Number.NEGATIVE_INFINITY, items: 0 };
  const end = (carried: T[] = []): void => {
    chunks.push(chunk);
    chunk = carried;
    used = carried.reduce((sum, { size }) => sum + size, 0);
    comma = { place: Number.NEGATIVE_INFINITY, items: 0 };
  };
  for (const [index, section] of sections.entries()) {
    if (index > 0) end();
    for (const item of section) {
      if (used === capacity && !item.comma && used - comma.place <= commaBacktrack) {
        end(chunk.splice(comma.items));
      }
      if (used + item.size > capacity) end();
      chunk.push(item);
      if (item.comma) comma = { place: used, items: chunk.length };
      used += item.size;
    }
  }
  // Nothing after a BREAK is no chunk.
  if (chunk.length > 0 || chunks.length === 0) end();
  return chunks;
}
