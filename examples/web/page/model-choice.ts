import type { Adapter, ModelSource } from 'animatediff-js';

/** The part that a file plays in a pipeline. */
export type PartRole = 'checkpoint' | 'motionModule' | 'vae';

/** Fields of the form that a model has wishes for. */
export interface ModelSettings {
  readonly numFrames?: number;
  readonly width?: number;
  readonly height?: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
}

/** A file or folder that makes up a model. Parts are compared by identity: the same object is the same part. */
export interface ModelPart {
  readonly role: PartRole;
  readonly source: ModelSource;
  /** For the page's list. */
  readonly name: string;
  /** What it holds, as a noun phrase; empty where there is nothing to add. */
  readonly what: string;
  /** What it is best made with. */
  readonly suits?: ModelSettings | undefined;
  /** Where it was fetched from, so that a later visit finds it again. */
  readonly url?: string | undefined;
}

/** An adapter with the scale that its slider shows. */
export interface AdapterPart {
  readonly role: 'adapter';
  /** As the file was declared; its own scale does not count. */
  readonly adapter: Adapter;
  readonly what: string;
  readonly scale: number;
  readonly url?: string | undefined;
}

/** Everything that is to be loaded. Immutable. */
export interface ModelChoice {
  /** Whether checkpoint and motion module are those that come with the page. */
  readonly builtIn: boolean;
  readonly checkpoint: ModelPart | undefined;
  readonly motionModule: ModelPart | undefined;
  readonly vae: ModelPart | undefined;
  readonly adapters: readonly AdapterPart[];
}

/** The choice with a part put in. A part of one's own ends the built-in model: its parts fit each other only. */
export function withPart(choice: ModelChoice, part: ModelPart | AdapterPart): ModelChoice {
  if (part.role === 'adapter') {
    const adapter = { ...part.adapter, name: freeName(choice.adapters, part.adapter.name) };
    return { ...choice, adapters: [...choice.adapters, { ...part, adapter }] };
  }
  const ended = choice.builtIn && part.role !== 'vae';
  const before = ended
    ? { ...choice, builtIn: false, checkpoint: undefined, motionModule: undefined }
    : choice;
  return { ...before, [part.role]: part };
}

/** The choice with a part's place empty. */
export function withoutPart(choice: ModelChoice, role: PartRole): ModelChoice {
  return { ...choice, [role]: undefined };
}

/** The choice with one adapter's scale changed, or without that adapter where there is no scale. */
export function withScale(choice: ModelChoice, name: string, scale: number | undefined): ModelChoice {
  const adapters = choice.adapters.flatMap((part) => {
    if (part.adapter.name !== name) return [part];
    return scale === undefined ? [] : [{ ...part, scale }];
  });
  return { ...choice, adapters };
}

/** Whether two choices can share a loaded pipeline; adapters are changed on it. */
export function sameParts(a: ModelChoice, b: ModelChoice): boolean {
  return a.checkpoint === b.checkpoint && a.motionModule === b.motionModule && a.vae === b.vae;
}

// A pipeline knows its adapters by name.
function freeName(parts: readonly AdapterPart[], wanted: string): string {
  const taken = new Set(parts.map(({ adapter }) => adapter.name));
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted} ${count}`;
  return name;
}
