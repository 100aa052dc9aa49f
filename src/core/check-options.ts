import type { ZodMiniType } from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { AnimateDiffError } from './errors.js';
import { withoutUnions } from './union-issues.js';

/** One thing that is wrong with a set of options. */
export interface OptionIssue {
  /** Dotted path of the option, such as `noise.order`; `''` for the options object itself. */
  readonly path: string;
  /** What was expected of it. */
  readonly message: string;
}

/**
 * Checks what a caller gave against a schema and returns it parsed, so with the schema's defaults filled in. Build
 * option schemas with `z.strictObject`, so that a misspelt option is refused rather than ignored, and write the
 * options' interface by hand: passing it as `T` makes the compiler hold the two together.
 *
 * @param schema A `zod/mini` schema whose output is `T`.
 * @param value What the caller passed; `undefined` is taken as `{}`, `null` is refused.
 * @param what Whose options these are, for the message: `ddim` gives "ddim: …".
 * @throws `invalid-options` that lists every problem at once, of a union those of the form that was meant, also as `details.issues` ({@link OptionIssue}[]).
 */
export function checkOptions<T>(schema: ZodMiniType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value === undefined ? {} : value, { error: inEnglish, jitless: true });
  if (result.success) return result.data;
  const issues: OptionIssue[] = result.error.issues.flatMap(withoutUnions).map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
  }));
  const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new AnimateDiffError('invalid-options', `${what}: ${list.join('; ')}`, { details: { issues } });
}

// zod/mini ships no language. Giving one to each call leaves zod's global configuration, which belongs to the
// application, untouched.
function inEnglish(
  issue: Parameters<ReturnType<typeof en>['localeError']>[0],
): ReturnType<ReturnType<typeof en>['localeError']> {
  return en().localeError(issue);
}
