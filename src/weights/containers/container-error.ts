import { AnimateDiffError } from '../../core/errors.js';

/** The error of a file that is broken, dangerous, or of a kind that is refused. The message begins with the file's name. */
export function containerError(
  file: string,
  problem: string,
  details: Readonly<Record<string, unknown>> = {},
): AnimateDiffError {
  return new AnimateDiffError('weights-format', `${file}: ${problem}`, { details: { file, ...details } });
}

/** A string of a file, made safe to show: cut to 80 characters, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}
