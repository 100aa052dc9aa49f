import * as z from 'zod/mini';
import type { Adapter, TextualInversionAdapter, WeightAdapter } from '../adapters/adapter.js';
import { type AdapterScale, scaleOf, scaleSchema, weightPlace } from '../adapters/adapter-scale.js';
import { joinedLiveWeights, liveWeightsFor, offers } from '../adapters/live-feeds.js';
import { type LiveModules, readLiveModules } from '../adapters/live-modules.js';
import { mergedNames, namesChangedByScale } from '../adapters/merged-names.js';
import { openAdapter } from '../adapters/open-adapter.js';
import { type PlacedAdapter, placeAdapter } from '../adapters/place-adapter.js';
import { type TargetTable, targetTable } from '../adapters/target-table.js';
import { openTextualInversion } from '../adapters/textual-inversion.js';
import { checkOptions } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { OnLoadProgress } from '../core/progress.js';
import type { Warning } from '../core/warnings.js';
import type { LiveWeights } from '../models/live-weights.js';
import {
  type ActiveAdapters,
  type AdaptedNetwork,
  type AdapterState,
  type WeightEntry,
  weightsOf,
} from './active-adapters.js';
import { type AdapterInfo, infoOf } from './adapter-info.js';
import type { OpenedModel } from './opened-model.js';

/** Options of every change of the adapters. */
export interface AdapterChangeOptions {
  /** Cancels the change, which rejects with the signal's reason; the adapters are as before then. */
  signal?: AbortSignal | undefined;
  /** Told of weights moved, where a network has to be loaded again. */
  onProgress?: OnLoadProgress | undefined;
}

/** The adapters of a pipeline. One change at a time, and none while an animation is made: `busy` then. */
export interface AdapterStack {
  /** The adapters in use, in the order of adding. */
  list(): readonly AdapterInfo[];
  /**
   * Adds an adapter. A fused one is merged into the weights that it touches, and the network is loaded again with
   * only those moved. The first live one, and one that touches other weights than those before it, loads the network
   * again without moving any.
   * @throws `invalid-options` for a name that is taken, `weights-format`, `weights-mismatch`, `unsupported`,
   * `numerics`, `busy`, `disposed`. The adapters are as before then.
   */
  add(adapter: Adapter, options?: AdapterChangeOptions): Promise<AdapterInfo>;
  /**
   * Changes an adapter's scale: at once for a live one; a fused one is merged again, from the original weights, where
   * the scale differs.
   * @throws `invalid-options`, `busy`, `disposed`.
   */
  setScale(name: string, scale: AdapterScale, options?: AdapterChangeOptions): Promise<AdapterInfo>;
  /** Takes an adapter out; the weights are the original ones again, to the bit. @throws as `setScale` does. */
  remove(name: string, options?: AdapterChangeOptions): Promise<void>;
}

/** What the stack needs of the pipeline. */
export interface AdapterStackParts {
  readonly model: OpenedModel;
  readonly active: ActiveAdapters;
  /** Name of the pipeline's own sampler. */
  readonly scheduler: string;
  /** Loads networks again that were loaded and stay. */
  renew(networks: readonly AdaptedNetwork[], options: AdapterChangeOptions): Promise<void>;
  /** Runs work while nothing else does. @throws `busy` or `disposed` otherwise. */
  exclusive<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const networks: readonly AdaptedNetwork[] = ['text_encoder', 'unet'];

/** The adapters of a pipeline; see {@link AdapterStack}. */
export function adapterStack(parts: AdapterStackParts): AdapterStack {
  const { model, active, exclusive } = parts;
  let table: TargetTable | undefined;
  const targets = (): TargetTable => {
    table ??= targetTable({ unet: model.unet.weights, textEncoder: model.textEncoder.weights });
    return table;
  };

  async function apply(
    next: Omit<AdapterState, 'live'>,
    merged: ReadonlySet<string>,
    options: AdapterChangeOptions,
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const before = active.state;
    const after = { ...next, live: liveTargets(before, next.weights) };
    const affected = networks.filter(
      (network) => before.live[network] !== after.live[network] || touches(merged, network),
    );
    active.use(after);
    try {
      if (affected.length > 0) await parts.renew(affected, options);
    } catch (error) {
      active.use(before);
      // What is loaded now may be of either state: it is loaded again when it is needed.
      await parts.renew(affected, { signal: AbortSignal.abort() }).catch(() => undefined);
      throw error;
    }
  }

  async function addWeights(adapter: WeightAdapter, options: AdapterChangeOptions): Promise<AdapterInfo> {
    const { signal } = options;
    const opened = await openAdapter(adapter, { signal });
    try {
      const warnings: Warning[] = [];
      const placed = placeAdapter(opened, targets());
      const onWarning = (warning: Warning): void => void warnings.push(warning);
      const live = adapter.mode === 'live' ? await readLive(placed, onWarning, signal) : undefined;
      const entry: WeightEntry = { placed, live };
      const { weights, inversions } = active.state;
      await apply(
        { weights: [...weights, entry], inversions },
        live ? new Set() : actingNames(placed),
        options,
      );
      warnings.push(...distillationWarnings(placed, parts.scheduler));
      return { ...infoOf(entry), warnings: [...placed.warnings, ...warnings] };
    } finally {
      await opened.close();
    }
  }

  async function readLive(
    placed: PlacedAdapter,
    onWarning: (warning: Warning) => void,
    signal: AbortSignal | undefined,
  ): Promise<LiveModules> {
    const modules = await Promise.all(
      networks.map((network) => readLiveModules(placed, weightsOf(model, network), { signal, onWarning })),
    );
    return new Map(modules.flatMap((each) => [...each]));
  }

  async function addInversion(adapter: TextualInversionAdapter, signal?: AbortSignal): Promise<AdapterInfo> {
    const { hiddenSize: width } = model.textEncoder.config;
    const inversion = await openTextualInversion(adapter, { width, signal });
    const { weights, inversions, live } = active.state;
    const twin = inversions.find(({ token }) => token.toLowerCase() === inversion.token.toLowerCase());
    if (twin) {
      refuse(
        `'${twin.adapter.name}' has the word '${twin.token}' already; give another one as the option 'token'`,
      );
    }
    active.use({ weights, inversions: [...inversions, inversion], live });
    return infoOf(inversion);
  }

  return {
    list: () => [...active.state.weights, ...active.state.inversions].map(infoOf),
    add: (adapter, options = {}) =>
      exclusive('adds an adapter', async () => {
        checkAdapter(adapter);
        if (nameTaken(active.state, adapter.name)) {
          refuse(`an adapter is called '${adapter.name}' already; give this one another name`);
        }
        if (adapter.kind === 'textual-inversion') return addInversion(adapter, options.signal);
        return addWeights(adapter, options);
      }),
    setScale: (name, given, options = {}) =>
      exclusive('changes an adapter', async () => {
        const schema = z.strictObject({ scale: scaleSchema() });
        const checked = checkOptions<{ scale: AdapterScale }>(schema, { scale: given }, 'setScale').scale;
        const scale = typeof checked === 'number' ? checked : Object.freeze({ ...checked });
        const { weights, inversions } = active.state;
        const old = weights.find((entry) => entry.placed.opened.adapter.name === name);
        if (old === undefined) {
          const isInversion = inversions.some(({ adapter }) => adapter.name === name);
          if (isInversion) refuse(`'${name}' is a textual inversion, which has no scale`);
          refuseUnknown(active.state, name);
        }
        const { opened } = old.placed;
        const changed = { ...old.placed, opened: { ...opened, adapter: { ...opened.adapter, scale } } };
        const entry: WeightEntry = { placed: changed, live: old.live };
        const merged = old.live
          ? new Set<string>()
          : namesChangedByScale(old.placed, opened.adapter.scale, scale);
        await apply(
          { weights: weights.map((each) => (each === old ? entry : each)), inversions },
          merged,
          options,
        );
        return infoOf(entry);
      }),
    remove: (name, options = {}) =>
      exclusive('removes an adapter', async () => {
        const { weights, inversions } = active.state;
        if (!nameTaken(active.state, name)) refuseUnknown(active.state, name);
        const gone = weights.find((entry) => entry.placed.opened.adapter.name === name);
        const merged = gone && !gone.live ? actingNames(gone.placed) : new Set<string>();
        const next = {
          weights: weights.filter((entry) => entry !== gone),
          inversions: inversions.filter(({ adapter }) => adapter.name !== name),
        };
        await apply(next, merged, options);
      }),
  };
}

/** What a fused adapter changes at its scale. */
function actingNames(placed: PlacedAdapter): Set<string> {
  const { scale } = placed.opened.adapter;
  return new Set([...mergedNames(placed)].filter((name) => scaleOf(scale, name) !== 0));
}

/** A LoRA that distils a model is of use with its own sampler only. */
function distillationWarnings({ opened }: PlacedAdapter, scheduler: string): Warning[] {
  if (opened.distillation === undefined || scheduler === 'lcm') return [];
  const steps = opened.distillation === 'animatelcm' ? 'lcm({ originalInferenceSteps: 100 })' : 'lcm()';
  const message =
    `${opened.label} distils the model for few steps: it wants the scheduler ${steps}, 4 to 8 steps and a guidanceScale ` +
    `of 1 to 2; with '${scheduler}' expect blurred or burnt frames`;
  return [{ code: 'adapter-wants-lcm', message }];
}

/** The same maps where the graphs serve as they are: then no network has to be loaded again. */
function liveTargets(before: AdapterState, weights: readonly WeightEntry[]): AdapterState['live'] {
  const modules = weights.flatMap(({ live }) => live ?? []);
  const needed = liveWeightsFor(modules);
  const of = (network: AdaptedNetwork): LiveWeights => {
    const own = new Map([...needed].filter(([name]) => networkOf(name) === network));
    const known = before.live[network];
    if (own.size === 0) return known.size === 0 ? known : new Map();
    return offers(known, own) ? known : joinedLiveWeights(known, own);
  };
  return { text_encoder: of('text_encoder'), unet: of('unet') };
}

function networkOf(name: string): AdaptedNetwork {
  return weightPlace(name).component === 'textEncoder' ? 'text_encoder' : 'unet';
}

function touches(names: ReadonlySet<string>, network: AdaptedNetwork): boolean {
  return [...names].some((name) => networkOf(name) === network);
}

function nameTaken({ weights, inversions }: AdapterState, name: string): boolean {
  return (
    weights.some(({ placed }) => placed.opened.adapter.name === name) ||
    inversions.some(({ adapter }) => adapter.name === name)
  );
}

function checkAdapter(adapter: Adapter): void {
  const kind = (adapter as { kind?: unknown } | undefined)?.kind;
  const kinds: readonly Adapter['kind'][] = ['lora', 'motion-lora', 'domain-adapter', 'textual-inversion'];
  if (kinds.includes(kind as 'lora')) return;
  refuse('expected an adapter such as lora(fileSource(…)) or await loadAdapter(fileSource(…))');
}

function refuseUnknown({ weights, inversions }: AdapterState, name: string): never {
  const names = [
    ...weights.map(({ placed }) => placed.opened.adapter.name),
    ...inversions.map(({ adapter }) => adapter.name),
  ];
  const known =
    names.length === 0 ? 'there are none' : `there are ${names.map((each) => `'${each}'`).join(', ')}`;
  refuse(`no adapter is called '${name}'; ${known}`);
}

function refuse(message: string): never {
  throw new AnimateDiffError('invalid-options', `adapters: ${message}`);
}
