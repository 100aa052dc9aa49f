import type { TensorEntry } from '../weight-store.js';
import type { IgnoreRule, ShapeFit } from './key-rule.js';
import type { KeyTable } from './key-table.js';

/** What became of every tensor of a file: nothing is dropped silently. */
export interface KeyReport {
  /** Tensors that a network can ask for, with their canonical names. */
  readonly used: readonly (readonly [from: string, to: string])[];
  /** Tensors left out on purpose. */
  readonly ignored: readonly IgnoredKey[];
  /** Tensors that no rule knows: worth a warning, since the model may differ from what its other names promise. */
  readonly unknown: readonly string[];
}

/** A tensor left out on purpose. */
export interface IgnoredKey {
  /** Its name in the file. */
  readonly key: string;
  /** Why, for people. */
  readonly reason: string;
}

/** Where a canonical tensor comes from. */
export interface Rename {
  /** Name in the file. */
  readonly from: string;
  /** Shape to show instead of the stored one; the same number of elements. */
  readonly shape?: readonly number[] | undefined;
}

/** One network inside a file: all keys below a prefix that its table knows. */
export interface FilePart {
  /** Removed from keys before they are looked up; may be empty. */
  readonly prefix: string;
  /** Exact names below the prefix. */
  readonly table: KeyTable;
}

/** What {@link matchKeys} found for one {@link FilePart}. */
export interface PartMatch {
  /** Canonical name → where it comes from. */
  readonly renames: ReadonlyMap<string, Rename>;
  /** What became of the keys below the part's prefix. */
  readonly report: KeyReport;
  /** Canonical names that a complete network has and this file lacks. */
  readonly missing: readonly string[];
}

/** Result of {@link matchKeys}: one match per part, in order, and what belongs to none of them. */
export interface FileMatch {
  /** One per part that was asked for, in order. */
  readonly parts: readonly PartMatch[];
  /** Keys below no part's prefix; none of them is used. */
  readonly rest: KeyReport;
}

interface MutableReport {
  readonly used: [string, string][];
  readonly ignored: IgnoredKey[];
  readonly unknown: string[];
}

/**
 * Sorts every tensor of a file into the parts that use it. Where two tensors claim one canonical name the first
 * wins and the other is listed as ignored.
 */
export function matchKeys(
  entries: ReadonlyMap<string, TensorEntry>,
  parts: readonly FilePart[],
  ignoreRules: readonly IgnoreRule[],
): FileMatch {
  const rest = emptyReport();
  const found = parts.map((part) => ({ part, renames: new Map<string, Rename>(), report: emptyReport() }));
  // The longest prefix first, so that an empty one does not swallow another part's keys.
  const byPrefix = [...found].sort((a, b) => b.part.prefix.length - a.part.prefix.length);
  for (const entry of entries.values()) {
    const owners = byPrefix.filter(({ part }) => entry.name.startsWith(part.prefix));
    if (!owners.some(({ part, renames, report }) => use(entry, part, renames, report))) {
      setAside(entry.name, owners[0]?.report ?? rest, ignoreRules);
    }
  }
  return {
    parts: found.map(({ part, renames, report }) => ({
      renames,
      report,
      missing: [...part.table.required].filter((name) => !renames.has(name)),
    })),
    rest,
  };
}

function use(
  entry: TensorEntry,
  part: FilePart,
  renames: Map<string, Rename>,
  report: MutableReport,
): boolean {
  const target = part.table.targets.get(entry.name.slice(part.prefix.length));
  if (!target) return false;
  const earlier = renames.get(target.to);
  if (earlier) {
    report.ignored.push({ key: entry.name, reason: `the same tensor as '${earlier.from}'` });
  } else {
    renames.set(target.to, { from: entry.name, shape: fitShape(entry.shape, target.fit) });
    report.used.push([entry.name, target.to]);
  }
  return true;
}

function setAside(key: string, report: MutableReport, rules: readonly IgnoreRule[]): void {
  const rule = rules.find((candidate) => applies(candidate, key));
  if (rule) report.ignored.push({ key, reason: rule.reason });
  else report.unknown.push(key);
}

function applies(rule: IgnoreRule, key: string): boolean {
  if (rule.starts !== undefined) return key.startsWith(rule.starts);
  if (rule.ends !== undefined) return key.endsWith(rule.ends);
  if (rule.lacks !== undefined) return !key.includes(rule.lacks);
  return rule.exact?.includes(key) ?? false;
}

function fitShape(shape: readonly number[], fit: ShapeFit | undefined): readonly number[] | undefined {
  if (fit === 'matrix' && shape.length === 4 && shape[2] === 1 && shape[3] === 1) return shape.slice(0, 2);
  if (fit === 'pointwise' && shape.length === 2) return [...shape, 1, 1];
  return undefined;
}

function emptyReport(): MutableReport {
  return { used: [], ignored: [], unknown: [] };
}
