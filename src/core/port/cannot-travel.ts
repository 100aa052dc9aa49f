import { AnimateDiffError } from '../errors.js';

/**
 * The error for data that a message cannot carry, such as functions, which names the first of it.
 * @param what Whose data, as in "stream: …".
 */
export function cannotTravel(what: string, value: unknown, cause: unknown): AnimateDiffError {
  const path = culprit(value);
  const name = path === '' ? 'what was given' : path;
  const message = `${what}: ${name} cannot be sent to another thread: ${(cause as Error).message}. Only plain data can, no functions or objects with methods`;
  return new AnimateDiffError('invalid-options', message, { details: { option: path }, cause });
}

function culprit(value: unknown, path = ''): string {
  if (typeof value !== 'object' || value === null) return path;
  for (const [name, part] of Object.entries(value)) {
    try {
      structuredClone(part);
    } catch {
      return culprit(part, path === '' ? name : `${path}.${name}`);
    }
  }
  return path;
}
