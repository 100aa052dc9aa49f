/** Keeps what the VAE made of clips, by keys that follow from the clip's pixels and the VAE. */
export interface LatentCache {
  /** The bytes kept under a key; `undefined` when there are none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes under a key: a name of letters and digits. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}
