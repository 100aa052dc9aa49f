import { AnimateDiffError } from '../index.js';
import type { CliOption } from './options.js';

/**
 * What the library finds wrong with options, under the command line's own names: `numInferenceSteps` is `--steps`.
 * `undefined` for every other error.
 */
export function optionIssues(error: unknown, options: readonly CliOption[]): string[] | undefined {
  if (!AnimateDiffError.isInstance(error) || error.code !== 'invalid-options') return undefined;
  const { issues } = error.details;
  if (Array.isArray(issues) && issues.length > 0 && issues.every(isIssue)) {
    return issues.map(({ path, message }) => {
      const name = cliName(path, options) ?? path;
      return name === '' ? message : `${name}: ${message}`;
    });
  }
  // A single problem begins with the option's name.
  const [, path = '', message] = /^([a-z]\w*(?:\.\w+)*): (.+)$/is.exec(error.message) ?? [];
  const name = cliName(path, options);
  return name === undefined ? undefined : [`${name}: ${message}`];
}

/** `--steps` for `numInferenceSteps`; of a part, such as `motionScale.0`, the option and what part it is. */
function cliName(path: string, options: readonly CliOption[]): string | undefined {
  const exact = options.find((each) => libraryName(each) === path);
  if (exact !== undefined) return `--${exact.name}`;
  const [nearest] = options
    .map((option) => ({ option, start: libraryName(option).replace(/\.?$/, '.') }))
    .filter(({ start }) => path.startsWith(start))
    // The longest name tells most; of two alike, the one for parts.
    .sort(
      (a, b) =>
        b.start.length - a.start.length || Number(isForParts(b.option)) - Number(isForParts(a.option)),
    );
  return nearest && `--${nearest.option.name}: ${path.slice(nearest.start.length)}`;
}

function isForParts({ sets }: CliOption): boolean {
  return sets?.endsWith('.') ?? false;
}

/** The issues that a check finds, or its other error in words; nothing when it passes. */
export function issuesOf(check: () => unknown, options: readonly CliOption[]): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return optionIssues(error, options) ?? [error instanceof Error ? error.message : String(error)];
  }
}

function libraryName({ name, sets }: CliOption): string {
  return sets ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function isIssue(value: unknown): value is { path: string; message: string } {
  const issue = value as { path?: unknown; message?: unknown } | null;
  return typeof issue?.path === 'string' && typeof issue.message === 'string';
}
