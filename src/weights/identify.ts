import { elementCount } from '../core/tensor.js';
import {
  classifyAdapter,
  classifyControlNet,
  classifyIpAdapter,
  classifyTextualInversion,
} from './names/classify-adapter.js';
import { classifyCheckpoint, classifyTextEncoder, classifyVae } from './names/classify-model.js';
import { classifyMotionLora, classifyMotionModule, classifySparseControl } from './names/classify-motion.js';
import type { BaseModel, FileKind, FileNaming, FileRole, Verdict } from './names/file-kind.js';
import { keyView } from './names/key-view.js';
import type { MotionVersion } from './names/motion-version.js';
import type { TensorEntry, WeightType } from './weight-store.js';

/** What a weight file is, told from names and shapes alone: no tensor is read. Plain data. */
export interface FileIdentity {
  /** What it holds. */
  readonly kind: FileKind;
  /** Which tool's names it uses. */
  readonly naming: FileNaming;
  /** The model family it belongs to. */
  readonly baseModel: BaseModel;
  /** Of motion modules only. */
  readonly version?: MotionVersion | undefined;
  /** Of motion modules only: most frames at once. */
  readonly maxFrames?: number | undefined;
  /** Of motion modules and MotionLoRAs only. */
  readonly hasMidBlock?: boolean | undefined;
  /** How many tensors have each element type. */
  readonly dtypes: Readonly<Partial<Record<WeightType, number>>>;
  /** Elements of all tensors together. */
  readonly parameterCount: number;
  /** Number of tensors. */
  readonly tensorCount: number;
  /** The options of `AnimateDiffPipeline.load` that take such a file; empty when none does. */
  readonly roles: readonly FileRole[];
  /** A noun phrase for sentences: "a LoRA for Stable Diffusion XL". */
  readonly what: string;
  /** One sentence for people. */
  readonly summary: string;
}

// The first that answers wins. Kinds that contain others' names come before those others.
const classifiers = [
  classifySparseControl,
  classifyMotionModule,
  classifyMotionLora,
  classifyControlNet,
  classifyIpAdapter,
  classifyAdapter,
  classifyCheckpoint,
  classifyVae,
  classifyTextEncoder,
  classifyTextualInversion,
] as const;

/** Tells what a weight file is. Never throws: what is not recognised has kind `unknown`. */
export function identify(
  entries: ReadonlyMap<string, TensorEntry>,
  metadata: ReadonlyMap<string, string> = new Map(),
): FileIdentity {
  const file = keyView(entries, metadata);
  const { what, ...verdict } = firstVerdict(file);
  const dtypes: Partial<Record<WeightType, number>> = {};
  let parameterCount = 0;
  for (const { type, shape } of entries.values()) {
    dtypes[type] = (dtypes[type] ?? 0) + 1;
    parameterCount += elementCount(shape);
  }
  const facts = { ...verdict, dtypes, parameterCount, tensorCount: entries.size, what };
  return { ...facts, summary: summarise(facts) };
}

function firstVerdict(file: ReturnType<typeof keyView>): Verdict {
  for (const classify of classifiers) {
    const verdict = classify(file);
    if (verdict) return verdict;
  }
  const what = file.names.size === 0 ? 'a file without tensors' : 'a file of unknown tensors';
  return { kind: 'unknown', naming: 'unknown', baseModel: 'unknown', roles: [], what };
}

function summarise(facts: Omit<FileIdentity, 'summary'>): string {
  const types = Object.keys(facts.dtypes).join(', ') || 'no data';
  const frames = facts.maxFrames === undefined ? '' : `, up to ${facts.maxFrames} frames`;
  const names = facts.naming === 'unknown' ? '' : `, ${facts.naming} names`;
  const size = `${facts.tensorCount} tensors, ${(facts.parameterCount / 1e6).toFixed(1)} M parameters, ${types}`;
  return `This is ${facts.what}${frames} (${size}${names}).`;
}
