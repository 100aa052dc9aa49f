import type { RandomSource } from '../core/random.js';
import { torchRandom } from '../core/torch-random.js';

/**
 * The noise of one frame of an endless animation: a stream that depends on the seed and the frame alone, so it does not
 * matter how many frames are under way at the same time. Neighbouring seeds give unrelated streams.
 * @param seed An integer from 0 to 2 ** 53 - 1.
 * @param frame Index of the frame, an integer from 0.
 */
export function frameRandom(seed: number, frame: number): RandomSource {
  const words = [seed, seed / 2 ** 32, frame, frame / 2 ** 32];
  return torchRandom(words.reduce((hash, word) => mixed(hash ^ Math.floor(word)), 0) >>> 0);
}

/** A one-to-one map of 32-bit words in which each bit depends on all: the finaliser of Appleby's MurmurHash3. */
function mixed(word: number): number {
  let hash = word + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
