import * as z from 'zod/mini';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { ModelSource } from '../core/source.js';
import { type AdapterMode, type AdapterScale, scaleSchema } from './adapter-scale.js';
import { type AdapterSchedule, scheduleSchema } from './adapter-schedule.js';

/** Options of `lora`, `motionLora`, `domainAdapter` and `loadAdapter`. */
export interface AdapterOptions {
  /** Under which it is listed and changed. Default: the file's name without extension. */
  name?: string | undefined;
  /** How strongly it acts. Default 1. */
  scale?: AdapterScale | undefined;
  /** See {@link AdapterMode}. Default `fused`. */
  mode?: AdapterMode | undefined;
  /** How the scale changes over the denoising steps; only for `live`. Default: it does not. */
  schedule?: AdapterSchedule | undefined;
}

/** Options of `textualInversion`. */
export interface TextualInversionOptions {
  /** Under which it is listed and removed. Default: the file's name without extension. */
  name?: string | undefined;
  /** The word that stands for it in prompts. Default: what the file says, else the file's name without extension. */
  token?: string | undefined;
}

/** {@link AdapterOptions} with defaults filled in. */
export interface ResolvedAdapterOptions {
  /** Under which it is listed. */
  readonly name: string;
  /** How strongly it acts. */
  readonly scale: AdapterScale;
  /** See {@link AdapterMode}. */
  readonly mode: AdapterMode;
  readonly schedule?: AdapterSchedule | undefined;
}

/** {@link TextualInversionOptions} with defaults filled in. */
export interface ResolvedTextualInversionOptions {
  /** Under which it is listed. */
  readonly name: string;
  /** The word for prompts; `undefined` to let the file decide. */
  readonly token: string | undefined;
}

const longestName = 200;

/** Checks what a weight adapter is made from. @throws `invalid-options`. */
export function checkAdapterOptions(
  what: string,
  source: ModelSource,
  options: unknown,
): ResolvedAdapterOptions {
  checkSource(what, source);
  const schema = z.strictObject({
    name: z._default(word(), nameOfSource(source)),
    scale: z._default(scaleSchema(), 1),
    mode: z._default(z.enum(['fused', 'live']), 'fused'),
    schedule: z.optional(scheduleSchema()),
  });
  const resolved = checkOptions<ResolvedAdapterOptions>(schema, options, what);
  const { scale, mode, schedule } = resolved;
  if (schedule !== undefined && mode !== 'live') {
    throw new AnimateDiffError(
      'invalid-options',
      `${what}: schedule changes the scale while an animation is denoised, which only mode 'live' can; add mode: 'live'`,
      { details: { option: 'schedule' } },
    );
  }
  return { ...resolved, scale: typeof scale === 'number' ? scale : Object.freeze({ ...scale }) };
}

/** Checks what a textual inversion is made from. @throws `invalid-options`. */
export function checkTextualInversionOptions(
  what: string,
  source: ModelSource,
  options: unknown,
): ResolvedTextualInversionOptions {
  checkSource(what, source);
  const schema = z.strictObject({
    name: z._default(word(), nameOfSource(source)),
    token: z.optional(z.string().check(z.minLength(1), z.maxLength(longestName), z.regex(/^\S+$/))),
  });
  const { name, token } = checkOptions<{ name: string; token?: string | undefined }>(schema, options, what);
  return { name, token };
}

/** The last part of a source's name without extension: what an adapter is called unless told otherwise. */
export function nameOfSource(source: ModelSource): string {
  const path = source.name.replace(/[?#].*$/, '').split(/[\\/]/);
  const file = path.findLast((part) => part !== '') ?? '';
  const stem = source.kind === 'folder' ? file : file.replace(/\.[A-Za-z]\w{0,11}$/, '');
  return (stem || file || 'adapter').slice(0, longestName);
}

function word(): z.ZodMiniType<string> {
  return z.string().check(z.minLength(1), z.maxLength(longestName));
}

function checkSource(what: string, source: ModelSource): void {
  const value: unknown = source;
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  if (kind === 'file' || kind === 'folder') return;
  const hint = typeof value === 'string' ? `; wrap the path or URL: fileSource('${value.slice(0, 80)}')` : '';
  throw new AnimateDiffError(
    'invalid-options',
    `${what}: expected a source such as fileSource(…), got ${typeof value}${hint}`,
    { details: { option: 'source' } },
  );
}
