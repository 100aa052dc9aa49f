/** How a shape is read when a file stores the same elements as a linear layer or as a 1×1 convolution. */
export type ShapeFit =
  /** `[out, in, 1, 1]` becomes `[out, in]`. */
  | 'matrix'
  /** `[out, in]` becomes `[out, in, 1, 1]`. */
  | 'pointwise';

/** One layer inside a {@link PlaceRule}'s place. */
export interface PartRule {
  /** Path in the file, below the place. */
  readonly from: string;
  /** Path in canonical names, below the place. */
  readonly to: string;
  /** The layer's tensors; `['weight', 'bias']` unless given. `['']` says that the path is the tensor itself. */
  readonly tensors?: readonly string[];
  /** Set where files in the field disagree about the rank; applies to `weight`. */
  readonly fit?: ShapeFit;
  /** True when a complete model may lack it (a shortcut exists only where the widths differ). */
  readonly optional?: boolean;
}

/**
 * One line of a key map: every place of a range that looks the same. `{name}` in the templates is replaced by that
 * number of the place, so the rules hold for any count of levels and layers.
 */
export interface PlaceRule {
  /** Which places: a name of the {@link PlaceRanges} that the map is expanded with. */
  readonly over: string;
  /** Template of the path in the file; empty for the root. */
  readonly from: string;
  /** Template of the canonical path. */
  readonly to: string;
  /** The layers of each place. */
  readonly parts: readonly PartRule[];
  /** True when a complete model may lack these places (attention exists at some levels only). */
  readonly optional?: boolean;
}

/** The numbers of one place: `{ level: 1, layer: 0, input: 4 }`. */
export type Place = Readonly<Record<string, number>>;

/** Places by range name, computed from a model's layout. A missing range is empty. */
export type PlaceRanges = Readonly<Record<string, readonly Place[]>>;

/** A tensor that is left out on purpose. Exactly one of the conditions is set. */
export interface IgnoreRule {
  /** Matches keys that start with this text. */
  readonly starts?: string;
  /** Matches keys that end with this text. */
  readonly ends?: string;
  /** Matches keys that do not contain this text. */
  readonly lacks?: string;
  /** Matches these keys. */
  readonly exact?: readonly string[];
  /** Why it is not needed, for people. */
  readonly reason: string;
}
