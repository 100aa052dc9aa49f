import type { ReadOptions } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import { storeWeights } from '../models/store-weights.js';
import type { WeightSource } from '../models/weight-source.js';
import { orClose } from '../weights/checkpoint-component.js';
import { identify } from '../weights/identify.js';
import type { FileKind } from '../weights/names/file-kind.js';
import type { WeightAdapter, WeightAdapterKind } from './adapter.js';
import { firstOf } from './adapter-errors.js';
import { type AdapterFile, openAdapterFile } from './adapter-file.js';
import { checkBaseModel, checkKind, kindOfModules, notAnAdapter } from './adapter-kind.js';
import { type AdapterModule, type GroupedKeys, groupKeys } from './adapter-module.js';
import { describeAdapter } from './adapter-summary.js';
import { type PeftConfig, readPeftConfig } from './peft-config.js';

/** A LoRA that distils a model for few steps; it wants the LCM scheduler and a guidance scale of 1 to 2. */
export type Distillation = 'lcm' | 'animatelcm';

/** An opened adapter: its header is read and checked, tensors are not read. Immutable. */
export interface OpenedAdapter {
  /** What was opened. */
  readonly adapter: WeightAdapter;
  /** For errors and events: the file. */
  readonly label: string;
  /** What the file is; a LoRA function may be given a domain adapter and the reverse. */
  readonly kind: WeightAdapterKind;
  /** In file order. */
  readonly modules: readonly AdapterModule[];
  /** The file's tensors by their own names. */
  readonly tensors: WeightSource;
  /** Gains that are told apart from the tensors. */
  readonly peft: PeftConfig | undefined;
  /** Told by the file's name: the tensors of such LoRAs look like any other's. */
  readonly distillation: Distillation | undefined;
  /** What the file holds, in a sentence. */
  readonly summary: string;
  /** Keys that were left out, configs that cannot be read. */
  readonly warnings: readonly Warning[];
  /** Closes the file; reading again opens it again. */
  close(): Promise<void>;
}

/**
 * Opens an adapter's file and checks it as far as its header goes. On failure the file is closed.
 * @throws `weights-format` for broken containers; `weights-mismatch` for files of another kind or base model, and for
 * tensors that do not fit each other; `unsupported` for methods such as GLoRA, IA³ and OFT.
 */
export async function openAdapter(adapter: WeightAdapter, options: ReadOptions = {}): Promise<OpenedAdapter> {
  const file = await openAdapterFile(adapter.source, options);
  return orClose(file.store, () => openedAdapter(adapter, file));
}

const adapterKinds: ReadonlySet<FileKind> = new Set(['lora', 'motion-lora', 'domain-adapter', 'unknown']);

/** Takes an opened file as an adapter, which owns it from then on. @throws as {@link openAdapter} does. */
export function openedAdapter(adapter: WeightAdapter, { store, config }: AdapterFile): OpenedAdapter {
  const { label } = store;
  const identity = identify(store.entries, store.metadata);
  if (identity.kind === 'textual-inversion') checkKind(label, adapter.kind, 'textual-inversion');
  if (!adapterKinds.has(identity.kind)) throw notAnAdapter(label, adapter.kind, identity);
  const grouped = groupKeys(store);
  const { modules } = grouped;
  if (modules.length === 0) throw notAnAdapter(label, adapter.kind, identity);
  checkBaseModel(label, identity, modules);
  const kind = kindOfModules(modules);
  checkKind(label, adapter.kind, kind, modules);
  const peft = readPeftConfig(label, store.metadata, config);
  const distillation = distillationOf(label);
  return {
    adapter,
    label,
    kind,
    modules,
    tensors: storeWeights(store),
    peft: peft.config,
    distillation,
    summary: describeAdapter(kind, identity.naming, modules, distillation),
    warnings: [...peft.warnings, ...keyWarnings(label, grouped)],
    close: () => store.close(),
  };
}

function distillationOf(label: string): Distillation | undefined {
  const name = label.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  if (/animate-?lcm|sd15_lora_beta/i.test(name)) return 'animatelcm';
  return /(^|[^a-z])lcm([^a-z]|$)/i.test(name) ? 'lcm' : undefined;
}

function keyWarnings(label: string, { skipped, unknown }: GroupedKeys): Warning[] {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))];
  const warnings = reasons.map((reason) => {
    const keys = skipped.filter((skip) => skip.reason === reason).map(({ key }) => key);
    return { code: 'adapter-keys-skipped', message: `${label}: ${firstOf(keys)} left out: ${reason}` };
  });
  if (unknown.length === 0) return warnings;
  const message = `${label}: ${unknown.length} of its tensors mean nothing to this library and are left out: ${firstOf(unknown)}`;
  return [...warnings, { code: 'adapter-keys-unknown', message }];
}
