import { AnimateDiffError } from '../core/errors.js';

/** The error for an adapter file whose container is fine but whose tensors do not make sense. */
export function adapterError(
  file: string,
  problem: string,
  details: Readonly<Record<string, unknown>> = {},
): AnimateDiffError {
  return new AnimateDiffError('weights-mismatch', `${file}: ${problem}`, { details: { file, ...details } });
}

/** A key for a message. */
export function quoted(key: string): string {
  return `'${key.length > 120 ? `${key.slice(0, 120)}…` : key}'`;
}

/** The first few names of a list, and how many more there are. */
export function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(quoted).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
