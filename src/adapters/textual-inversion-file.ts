import { elementCount } from '../core/tensor.js';
import { identify } from '../weights/identify.js';
import type { TensorEntry, WeightStore } from '../weights/weight-store.js';
import { adapterError, firstOf, quoted } from './adapter-errors.js';
import { checkKind, kindOfModules, notAnAdapter } from './adapter-kind.js';
import { groupKeys } from './adapter-module.js';

/** The vectors of a textual inversion, found in a file's header. */
export interface FoundVectors {
  /** The tensor's key in the file. */
  readonly key: string;
  /** How many vectors there are; each takes the place of one token. */
  readonly count: number;
  /** Length of each: the text encoder's width. */
  readonly width: number;
  /** The word that the file's own tool gave it; `undefined` where the file name is the word. */
  readonly token: string | undefined;
}

/** A prompt has 75 places between its start and its end. */
const mostVectors = 75;

// `emb_params` (CivitAI), `clip_l` (tools for larger models) and `string_to_param.*` (the original code and
// stable-diffusion-webui) are names of the format, not words.
const formatNames = /^(emb_params|clip_l|string_to_param\..*)$/;

/** Tensors beside the vectors: token numbers of the original code. */
const besides = /^string_to_token\./;

/**
 * Finds the vectors in a textual inversion's header.
 * @throws `weights-mismatch` for files of another kind (the message says which), of another base model, or with more
 * vectors than a prompt has places.
 */
export function findVectors(store: WeightStore): FoundVectors {
  const { label } = store;
  const identity = identify(store.entries, store.metadata);
  if (['lora', 'motion-lora', 'domain-adapter'].includes(identity.kind))
    checkKind(label, 'textual-inversion', kindOfModules(groupKeys(store).modules));
  if (identity.kind !== 'textual-inversion' && identity.kind !== 'unknown')
    throw notAnAdapter(label, 'textual-inversion', identity);
  if (store.entries.has('clip_g')) throw otherBase(label, 'Stable Diffusion XL');
  const entry = soleCandidate(store);
  const count = entry.shape.length === 1 ? 1 : entry.shape[0]!;
  const width = entry.shape.at(-1)!;
  if (width === 1024) throw otherBase(label, 'Stable Diffusion 2.x');
  if (width === 1280) throw otherBase(label, 'Stable Diffusion XL');
  if (count > mostVectors)
    throw adapterError(label, `it has ${count} vectors, but a prompt has places for ${mostVectors} only`);
  const token = formatNames.test(entry.name) || /\s/.test(entry.name) ? undefined : entry.name;
  return { key: entry.name, count, width, token };
}

function soleCandidate(store: WeightStore): TensorEntry {
  const { label, entries } = store;
  const all = [...entries.values()].filter(({ name }) => !besides.test(name));
  const usual = all.find(({ name }) => name === 'string_to_param.*' || name === 'emb_params');
  const candidates = usual ? [usual] : all;
  const [entry] = candidates;
  const names = candidates.map(({ name }) => name);
  if (candidates.length !== 1 || !entry)
    throw adapterError(
      label,
      `a textual inversion has one tensor of vectors; this has ${firstOf(names) || 'none'}`,
    );
  const { name, shape } = entry;
  if ((shape.length === 1 || shape.length === 2) && elementCount(shape) > 0) return entry;
  throw adapterError(
    label,
    `${quoted(name)} has the shape [${shape.join(', ')}], but must be [vectors, width]`,
  );
}

function otherBase(label: string, base: string): Error {
  return adapterError(
    label,
    `this is a textual inversion for ${base}; AnimateDiff needs one for Stable Diffusion 1.x`,
  );
}

/** One sentence on what a textual inversion's file holds. */
export function describeTextualInversion({ count, width }: FoundVectors): string {
  const vectors = count === 1 ? 'one vector' : `${count} vectors`;
  return `This is a textual inversion: ${vectors} of width ${width}.`;
}
