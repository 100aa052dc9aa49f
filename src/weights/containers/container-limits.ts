/** Upper bounds on what a file from a stranger may ask for; real files stay far below (an SD 1.5 checkpoint: 1131 tensors). */
export const limits = {
  /** Tensors of a file, or of all shards of an index. */
  tensors: 100_000,
  /** Dimensions of a tensor. */
  rank: 8,
  /** UTF-8 bytes of a tensor's name. */
  nameBytes: 1024,
  /** Bytes of a safetensors header, as in the reference implementation. */
  headerBytes: 100_000_000,
  /** Bytes of a pickle stream: 64 MiB. */
  pickleBytes: 67_108_864,
} as const;

/** True when a name takes at most {@link limits}`.nameBytes` in UTF-8. */
export function nameFits(name: string): boolean {
  // A UTF-16 unit takes at most three bytes.
  if (name.length * 3 <= limits.nameBytes) return true;
  return name.length <= limits.nameBytes && new TextEncoder().encode(name).byteLength <= limits.nameBytes;
}

/** Product of sizes, or `undefined` when it is not a safe integer. */
export function checkedProduct(factors: readonly number[]): number | undefined {
  let product = 1;
  for (const factor of factors) {
    product *= factor;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}
