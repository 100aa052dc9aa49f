import type { HeldTensor } from '../backends/backend.js';
import type { Float32Tensor } from '../core/tensor.js';
import { isWhole, type ResolvedDeepCache } from './deep-cache-options.js';

/** Features of the UNet's deep layers, kept by one evaluation for those that follow. */
export interface DeepFeatures {
  /** See `branch` of `DeepCacheOptions`. */
  readonly branch: number;
  /**
   * Features `[batch * frames, channels, height, width]`. While there are none the whole UNet runs, and puts its own here;
   * then only the shallow layers run.
   */
  kept?: Float32Tensor | undefined;
  /** The same where the UNet runs, in place of `kept`, when the call had a memory. Who drops the features disposes it. */
  held?: HeldTensor | undefined;
}

/** What of classifier-free guidance an evaluation computes. */
export type GuidanceHalf = 'negative' | 'positive' | 'both';

/** The deep features of a pass through the steps, by window and half of guidance. */
export interface DeepCache {
  /** Begins an evaluation, by its index. */
  begin(index: number): void;
  /** The features of some frames, in the order in which the UNet sees them; of the whole clip when `undefined`. */
  of(frames: readonly number[] | undefined): (half: GuidanceHalf) => DeepFeatures;
  /** Forgets all features, so that the evaluation under way is a whole one. */
  clear(): void;
}

/** @param count Evaluations of the pass. */
export function deepCache(options: ResolvedDeepCache, count: number): DeepCache {
  const { branch } = options;
  const features = new Map<string, DeepFeatures>();
  let used = new Set<string>();
  const drop = (key: string): void => {
    features.get(key)?.held?.dispose();
    features.delete(key);
  };
  return {
    begin(index) {
      // Nothing is kept of windows that have moved on, or memory would grow with the interval.
      const gone = isWhole(options, index, count)
        ? [...features.keys()]
        : [...features.keys()].filter((key) => !used.has(key));
      gone.forEach(drop);
      used = new Set();
    },
    of: (frames) => (half) => {
      const key = `${half} ${frames?.join() ?? ''}`;
      const known = features.get(key) ?? { branch };
      features.set(key, known);
      used.add(key);
      return known;
    },
    clear: () => [...features.keys()].forEach(drop),
  };
}
