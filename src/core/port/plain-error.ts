import { AnimateDiffError, type AnimateDiffErrorCode } from '../errors.js';

/** An error, or whatever else was thrown, as plain data: classes and codes do not survive a structured clone. */
export type PlainError =
  | {
      readonly type: 'error';
      /** Of the class, such as `TypeError` or `AbortError`. */
      readonly name: string;
      readonly message: string;
      /** Of an `AnimateDiffError`. */
      readonly code?: AnimateDiffErrorCode | undefined;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
      /** Whether it is a `DOMException`, as `AbortSignal` throws them. */
      readonly dom?: boolean | undefined;
      readonly cause?: PlainError | undefined;
    }
  | { readonly type: 'value'; readonly value: unknown };

const codes: readonly AnimateDiffErrorCode[] = [
  'invalid-options',
  'weights-format',
  'weights-mismatch',
  'unsupported',
  'out-of-memory',
  'numerics',
  'backend',
  'busy',
  'disposed',
];
const classes = { TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError } as const;

/** Causes of causes are followed this far: a chain may go in circles. */
const deepestCause = 8;

/** What {@link rebuiltError} makes an equal error of. */
export function plainError(thrown: unknown, depth = 0): PlainError {
  if (!isError(thrown)) return { type: 'value', value: cloneable(thrown) ? thrown : String(thrown) };
  const { name, message } = thrown;
  const known = AnimateDiffError.isInstance(thrown) ? thrown : undefined;
  const hasCause = thrown.cause !== undefined && depth < deepestCause;
  return {
    type: 'error',
    name: String(name),
    message: String(message),
    ...(known && { code: known.code, details: cloneableEntries(known.details) }),
    ...(isDomException(thrown) && { dom: true }),
    ...(hasCause && { cause: plainError(thrown.cause, depth + 1) }),
  };
}

/** An error of the same class, code, message, details and cause; of unknown classes an `Error` of that name. */
export function rebuiltError(plain: unknown, depth = 0): unknown {
  const given = (plain ?? {}) as Partial<Extract<PlainError, { type: 'error' }> & { value: unknown }>;
  if ((plain as Partial<PlainError> | undefined)?.type === 'value') return given.value;
  const message = typeof given.message === 'string' ? given.message : 'an error that cannot be read';
  const name = typeof given.name === 'string' ? given.name : 'Error';
  const cause = given.cause && depth < deepestCause ? rebuiltError(given.cause, depth + 1) : undefined;
  if (given.code !== undefined) {
    const code = codes.includes(given.code) ? given.code : 'backend';
    const details = typeof given.details === 'object' ? given.details : undefined;
    return new AnimateDiffError(code, message, { details, cause });
  }
  if (given.dom === true && typeof DOMException === 'function') return new DOMException(message, name);
  const options = cause === undefined ? undefined : { cause };
  if (Object.hasOwn(classes, name)) return new classes[name as keyof typeof classes](message, options);
  const error = new Error(message, options);
  if (name !== 'Error') error.name = name;
  return error;
}

// Not `instanceof`: errors of other realms are errors, and a DOMException was none in older engines.
function isError(value: unknown): value is Error {
  if (value instanceof Error || AnimateDiffError.isInstance(value) || isDomException(value)) return true;
  return Object.prototype.toString.call(value) === '[object Error]';
}

function isDomException(value: unknown): boolean {
  return typeof DOMException === 'function' && value instanceof DOMException;
}

function cloneableEntries(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => cloneable(value)));
}

function cloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
