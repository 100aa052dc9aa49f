/** Draws standard normal numbers. Stateful: every call continues the stream. */
export interface RandomSource {
  /** The next `count` draws from N(0, 1), as `torch.randn(count)` would shape them (see `torchRandom`). */
  normal(count: number): Float32Array;
  /** Everything that is needed to go on from here, as plain data. */
  state(): RandomState;
}

/** A {@link RandomSource}'s position, JSON-serialisable. */
export interface RandomState {
  readonly kind: string;
  /** The generator's integers. */
  readonly words: readonly number[];
  /** Numbers drawn and not yet given out. */
  readonly extra: readonly number[];
}
