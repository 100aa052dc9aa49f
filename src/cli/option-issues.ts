import { AnimateDiffError } from '../index.js';
import type { CliOption } from './options.js';

/**
 * What the library finds wrong with options, under the command line's own names: `numInferenceSteps` is `--steps`.
 * `undefined` for every other error.
 */
export function optionIssues(error: unknown, options: readonly CliOption[]): string[] | undefined {
  if (!AnimateDiffError.isInstance(error) || error.code !== 'invalid-options') return undefined;
  const { issues } = error.details;
  if (!Array.isArray(issues) || issues.length === 0 || !issues.every(isIssue)) return undefined;
  return issues.map(({ path, message }) => {
    const option = options.find((each) => libraryName(each) === path);
    const name = option === undefined ? path : `--${option.name}`;
    return name === '' ? message : `${name}: ${message}`;
  });
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
