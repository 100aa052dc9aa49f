/**
 * What went wrong, as a stable string to branch on. Messages may improve between releases; codes do not change.
 *
 * - `invalid-options`: an option has the wrong type or value, or contradicts another.
 * - `weights-format`: a file is broken, truncated, dangerous or of a container this library refuses.
 * - `weights-mismatch`: the container is fine but holds the wrong tensors for the role it was given.
 * - `unsupported`: a valid request that this version, model or device cannot serve.
 * - `out-of-memory`: a buffer or session did not fit.
 * - `numerics`: NaN or infinity where a finite number must be.
 * - `backend`: the runtime failed, or a device or library is missing.
 * - `busy`: the object serves another call.
 * - `disposed`: the object was disposed before or during the call.
 */
export type AnimateDiffErrorCode =
  | 'invalid-options'
  | 'weights-format'
  | 'weights-mismatch'
  | 'unsupported'
  | 'out-of-memory'
  | 'numerics'
  | 'backend'
  | 'busy'
  | 'disposed';

/** Extra facts of an {@link AnimateDiffError}, all plain data. */
export interface AnimateDiffErrorDetails {
  /** The error this one explains. */
  cause?: unknown;
  /** Machine-readable context: file, tensor and option names, expected and found values. */
  details?: Readonly<Record<string, unknown>> | undefined;
}

// Registered symbol: recognises errors of a second copy of the library, and those rebuilt from a worker's message.
const marker: unique symbol = Symbol.for('animatediff-js.error') as never;

/**
 * The one error class of this library. Branch on {@link AnimateDiffError.code}. Cancellation is not an
 * `AnimateDiffError`: it rejects with the signal's own `reason`.
 */
export class AnimateDiffError extends Error {
  /** Stable reason, see {@link AnimateDiffErrorCode}. */
  readonly code: AnimateDiffErrorCode;
  /** Machine-readable context; empty when there is none. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: AnimateDiffErrorCode, message: string, options: AnimateDiffErrorDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AnimateDiffError';
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, marker, { value: true, enumerable: false });
  }

  /** True for errors of this class, also when they come from another copy of the library. */
  static isInstance(value: unknown): value is AnimateDiffError {
    return typeof value === 'object' && value !== null && (value as { [marker]?: unknown })[marker] === true;
  }
}
