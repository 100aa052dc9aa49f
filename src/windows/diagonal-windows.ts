/** Frames of an endless animation that the network sees together, and those among them whose prediction is kept. */
export interface DiagonalWindow {
  /** First frame that is seen. */
  readonly start: number;
  /** First frame of those that are kept. */
  readonly from: number;
  /** The frame after the last of those that are kept. */
  readonly to: number;
}

/** What {@link diagonalWindows} cuts. */
export interface DiagonalRequest {
  /** First frame that still has noise. */
  readonly head: number;
  /** Last frame that takes a step. */
  readonly tail: number;
  /** Frames that the network sees at once. */
  readonly length: number;
  /** Frames of a window that are kept, the last ones: all of them, or half with lookahead. */
  readonly kept: number;
}

/**
 * Windows in which frames of rising noise take a step, each frame in one of them: the blocks of Kim et al. 2024,
 * "FIFO-Diffusion", section 3 (latent partitioning), or with `kept` below `length` those of its lookahead denoising,
 * where a frame has cleaner ones before it. Where there are too few frames before it, at the beginning, or after it, at
 * the tail, the window moves until it fits: it always has `length` frames, and reaches past the tail only while fewer
 * frames than that have begun.
 */
export function diagonalWindows({ head, tail, length, kept }: DiagonalRequest): DiagonalWindow[] {
  const windows: DiagonalWindow[] = [];
  for (let from = head; from <= tail; from += kept) {
    const to = Math.min(from + kept, tail + 1);
    const start = Math.max(0, Math.min(from + kept - length, tail + 1 - length));
    const before = windows.at(-1);
    if (before?.start === start) windows[windows.length - 1] = { ...before, to };
    else windows.push({ start, from, to });
  }
  return windows;
}
