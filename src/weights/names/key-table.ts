import type { PlaceRanges, PlaceRule, ShapeFit } from './key-rule.js';

/** Where one tensor of a file goes. */
export interface KeyTarget {
  /** Canonical name. */
  readonly to: string;
  /** How to read its shape, where files disagree. */
  readonly fit: ShapeFit | undefined;
}

/** A key map expanded for one layout: exact names only, nothing is matched loosely. */
export interface KeyTable {
  /** File name (below the component's prefix) → canonical name. */
  readonly targets: ReadonlyMap<string, KeyTarget>;
  /** Canonical names that a complete model must have. */
  readonly required: ReadonlySet<string>;
}

/** Writes out the rules for every place of a layout. */
export function expandRules(rules: readonly PlaceRule[], ranges: PlaceRanges): KeyTable {
  const targets = new Map<string, KeyTarget>();
  const required = new Set<string>();
  for (const rule of rules) {
    for (const place of ranges[rule.over] ?? []) {
      const from = fill(rule.from, place);
      const to = fill(rule.to, place);
      for (const part of rule.parts) {
        for (const tensor of part.tensors ?? ['weight', 'bias']) {
          const name = join(to, part.to, tensor);
          targets.set(join(from, part.from, tensor), {
            to: name,
            fit: tensor === 'weight' ? part.fit : undefined,
          });
          if (!rule.optional && !part.optional) required.add(name);
        }
      }
    }
  }
  return { targets, required };
}

/** The table of files that use the canonical names already: every canonical name maps to itself. */
export function canonicalTable(table: KeyTable): KeyTable {
  const targets = new Map<string, KeyTarget>();
  for (const target of table.targets.values()) targets.set(target.to, target);
  return { targets, required: table.required };
}

/** One table that understands both namings. Where both know a name, `first` wins. */
export function mergeTables(first: KeyTable, second: KeyTable): KeyTable {
  return {
    targets: new Map([...second.targets, ...first.targets]),
    required: new Set([...first.required, ...second.required]),
  };
}

function fill(template: string, place: Readonly<Record<string, number>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = place[name];
    // A typing mistake in our own tables; no file can cause it.
    if (value === undefined) throw new RangeError(`key rule '${template}' names an unknown number '${name}'`);
    return String(value);
  });
}

function join(...segments: string[]): string {
  return segments.filter((segment) => segment !== '').join('.');
}
