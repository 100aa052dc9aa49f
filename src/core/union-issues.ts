import type { core } from 'zod/mini';

/** What is wrong with a value, as zod tells it. */
type Issue = core.$ZodIssue;

/**
 * In place of a union's one issue, which only says that no form fits, the issues of the form that was meant: the one
 * that takes a value of this kind. Where none does, the union's own words, or else the kinds that are taken. Other issues
 * are given back as they are.
 */
export function withoutUnions(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const forms = issue.errors.map((issues) => issues.flatMap(withoutUnions));
  const [meant] = forms.filter((issues) => !issues.some(isOfAnotherKind)).sort((a, b) => a.length - b.length);
  if (meant !== undefined) return meant.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
  return [issue.message === unionMessage ? { ...issue, message: expectedOf(forms.flat()) } : issue];
}

/** What zod says of a union that has no words of its own. */
const unionMessage = 'Invalid input';

function isOfAnotherKind({ code, path }: Issue): boolean {
  return (
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union')
  );
}

function expectedOf(issues: readonly Issue[]): string {
  const kinds = issues.filter(isOfAnotherKind).flatMap((issue) => {
    if (issue.code === 'invalid_type') return [issue.expected];
    if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value));
    return issue.message.startsWith(expected) ? [issue.message.slice(expected.length)] : [];
  });
  return kinds.length === 0 ? unionMessage : `${expected}${[...new Set(kinds)].join(' or ')}`;
}

const expected = `${unionMessage}: expected `;
