/** How far a long load is. */
export interface LoadProgress {
  /**
   * What is going on: reading headers, moving weights, creating the runtime's session, or, on devices that compile a
   * network's kernels when it first runs, that first run. `warm-up` is reported after the load has ended.
   */
  readonly phase: 'open' | 'weights' | 'session' | 'warm-up';
  /** Which part: `unet`, `unet_shallow`, `text_encoder`, `vae_decoder`, `vae_encoder`, or a file name. */
  readonly component: string;
  /** Work done and to do of this phase: bytes for `weights`, otherwise steps. */
  readonly loaded: number;
  /** See {@link LoadProgress.loaded}. */
  readonly total: number;
  /** Estimated seconds until this phase ends; `undefined` until it can be told. */
  readonly secondsLeft?: number | undefined;
}

/** Receives {@link LoadProgress}. It must not throw: what it throws rejects the load. */
export type OnLoadProgress = (progress: LoadProgress) => void;
