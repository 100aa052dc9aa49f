const stateWords = 624;
const shift = 397;

/** The position of a {@link MersenneTwister}: 624 words of state, then how many of them are used up. */
export type MersenneTwisterState = readonly number[];

/** A stream of uniform 32-bit words. */
export interface MersenneTwister {
  /** The next word, in [0, 2³²). */
  next(): number;
  state(): MersenneTwisterState;
}

/**
 * MT19937 (M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998), seeded by its 2002 initialiser:
 * the engine of torch's CPU generator, of numpy and of C++'s std::mt19937.
 * @param seed An integer; its low 32 bits count.
 */
export function mersenneTwister(seed: number): MersenneTwister {
  const words = new Uint32Array(stateWords);
  words[0] = seed;
  for (let i = 1; i < stateWords; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  return engine(words, stateWords);
}

/**
 * Continues from {@link MersenneTwister.state}; `undefined` when it is not such a state.
 */
export function restoreMersenneTwister(state: MersenneTwisterState): MersenneTwister | undefined {
  const used = state[stateWords];
  const whole = state.length === stateWords + 1 && state.every((word) => word >>> 0 === word);
  if (!whole || used === undefined || used > stateWords) return undefined;
  return engine(Uint32Array.from(state.slice(0, stateWords)), used);
}

function engine(words: Uint32Array, used: number): MersenneTwister {
  let index = used;
  return {
    next() {
      if (index === stateWords) {
        refill(words);
        index = 0;
      }
      let word = words[index++]!;
      word ^= word >>> 11;
      word ^= (word << 7) & 0x9d2c5680;
      word ^= (word << 15) & 0xefc60000;
      return (word ^ (word >>> 18)) >>> 0;
    },
    state: () => [...words, index],
  };
}

function refill(words: Uint32Array): void {
  for (let i = 0; i < stateWords; i++) {
    const joined = (words[i]! & 0x80000000) | (words[(i + 1) % stateWords]! & 0x7fffffff);
    const twist = joined & 1 ? 0x9908b0df : 0;
    words[i] = words[(i + shift) % stateWords]! ^ (joined >>> 1) ^ twist;
  }
}
