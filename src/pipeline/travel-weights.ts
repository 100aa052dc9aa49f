/** What a frame shows: `1 - share` of one keyframe's prompt and `share` of another's. */
export interface TravelWeight {
  /** Index of the keyframe that is left. */
  readonly from: number;
  /** Index of the keyframe that is approached; the same as `from` at a keyframe and where a prompt is kept. */
  readonly to: number;
  /** 0 to less than 1; 0 exactly when `from` and `to` are the same. */
  readonly share: number;
}

/**
 * The shares of two neighbouring keyframes in every frame, by distance in frames.
 * @param keyframes At least one, in order, each at a frame of its own from 0 to `numFrames` − 1.
 * @param loop Whether the last keyframe changes into the first one across the end of the animation.
 */
export function travelWeights(
  keyframes: readonly { readonly frame: number }[],
  numFrames: number,
  loop = false,
): TravelWeight[] {
  const frames = keyframes.map(({ frame }) => frame);
  // The last keyframe that has been passed; -1 before the first one.
  let passed = -1;
  return Array.from({ length: numFrames }, (_, frame) => {
    if (frames[passed + 1] === frame) passed++;
    const outside = passed === -1 || passed === frames.length - 1;
    const kept = Math.max(passed, 0);
    if (frames.length === 1 || frame === frames[passed] || (outside && !loop)) {
      return { from: kept, to: kept, share: 0 };
    }
    const [from, to] = outside ? [frames.length - 1, 0] : [passed, passed + 1];
    // Around the end of the animation, from the last keyframe to the first one.
    const distance = (at: number): number => (at - frames[from]! + numFrames) % numFrames;
    return { from, to, share: distance(frame) / distance(frames[to]!) };
  });
}
