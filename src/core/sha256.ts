/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The digest of all that was added, as 64 hexadecimal digits. Ends it. */
  hex(): string;
}

/**
 * SHA-256 (FIPS 180-4, sections 4 to 6) of more bytes than fit into memory: the platform's `crypto.subtle` takes all of them
 * at once, or none.
 */
export function sha256(): Sha256 {
  const constants = roundConstants();
  const state = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
  const words = new Int32Array(64);
  const block = new Uint8Array(64);
  const view = new DataView(block.buffer);
  let [filled, length] = [0, 0];

  function compress(): void {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(4 * i);
    mix(state, words, constants);
    filled = 0;
  }

  return {
    update(bytes) {
      length += bytes.byteLength;
      for (let offset = 0; offset < bytes.byteLength; ) {
        const count = Math.min(64 - filled, bytes.byteLength - offset);
        block.set(bytes.subarray(offset, offset + count), filled);
        filled += count;
        offset += count;
        if (filled === 64) compress();
      }
    },
    hex() {
      block[filled++] = 0x80;
      if (filled > 56) {
        block.fill(0, filled);
        compress();
      }
      block.fill(0, filled);
      view.setUint32(56, Math.floor(length / 2 ** 29));
      view.setUint32(60, (length * 8) % 2 ** 32);
      compress();
      return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
    },
  };
}

/** One block into the state; `words` begins with the block's sixteen. */
function mix(state: Uint32Array, words: Int32Array, constants: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const [early, late] = [words[i - 15]!, words[i - 2]!];
    const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[i] = (words[i - 16]! + low + words[i - 7]! + high) | 0;
  }
  let a = state[0]! | 0;
  let b = state[1]! | 0;
  let c = state[2]! | 0;
  let d = state[3]! | 0;
  let e = state[4]! | 0;
  let f = state[5]! | 0;
  let g = state[6]! | 0;
  let h = state[7]! | 0;
  for (let i = 0; i < 64; i++) {
    const chosen = (e & f) ^ (~e & g);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + constants[i]! + words[i]!) | 0;
    const most = (a & b) ^ (a & c) ^ (b & c);
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits behind the point of the cube roots of the first 64 primes (section 4.2.2). */
function roundConstants(): Int32Array {
  return Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)) | 0);
}

// The roots have at most 6 bits before the point, which leaves 46 behind it.
function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}
