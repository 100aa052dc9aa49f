import { AnimateDiffError } from '../core/errors.js';
import type { FolderSource, ModelSource } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import { type ComponentWeights, orClose, soleComponent } from './checkpoint-component.js';
import { diffusersFiles, type OpenModelOptions, openFolderWeights } from './checkpoint-files.js';
import { identifyAs, wrongFile } from './checkpoint-mismatch.js';
import { unknownTensorWarnings } from './checkpoint-warnings.js';
import { openContainer } from './containers/open-container.js';
import { motionConfigWarnings } from './motion-module-config.js';
import { ignoredMotionKeys } from './names/ignored-keys.js';
import { locateMotionModule, motionPart } from './names/locate.js';
import {
  isRunnable,
  type MotionFacts,
  motionChannels,
  motionFacts,
  type RunnableMotionVersion,
} from './names/motion-version.js';
import type { WeightStore } from './weight-store.js';

/** An opened motion module: its header is read, tensors are not. Immutable. */
export interface MotionModule extends ComponentWeights {
  /** For errors and events: the name of the source. */
  readonly label: string;
  /** Decides the scheduler preset and the scope of group norms. */
  readonly version: RunnableMotionVersion;
  /** Most frames in one window: the length of the position table. */
  readonly maxFrames: number;
  /** Whether there is a motion transformer in the UNet's middle block. */
  readonly hasMidBlock: boolean;
  /** False when the file has no position table and the sinusoids must be computed. */
  readonly hasPositions: boolean;
  /** Resolutions of the UNet it fits: 4 for Stable Diffusion 1.5. */
  readonly levels: number;
  /** Motion transformers of each down block; each up block has one more. */
  readonly layersPerBlock: number;
  /** Widths of the down levels, from the tensors: `[320, 640, 1280, 1280]` for Stable Diffusion 1.5. */
  readonly channels: readonly number[];
  /** What the user should know: a version told by name, a config that contradicts, unknown tensors. */
  readonly warnings: readonly Warning[];
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a motion module: one file under the original or diffusers' names, or a MotionAdapter folder (its own, or a
 * pipeline's with `motion_adapter/`). Tensors beat the config where they disagree. On failure everything that was
 * opened is closed.
 * @throws `weights-mismatch` for anything but a motion module for Stable Diffusion 1.x (the message says what it is
 * and where it belongs) and for incomplete ones; `weights-format` when the file is broken.
 */
export async function openMotionModule(
  source: ModelSource,
  options: OpenModelOptions = {},
): Promise<MotionModule> {
  if (source.kind === 'folder') return openMotionFolder(source, options);
  return orClose(source, async () => {
    const store = await openContainer(source, { signal: options.signal });
    return orClose(store, () => motionModule(store, undefined, source.name));
  });
}

async function openMotionFolder(folder: FolderSource, options: OpenModelOptions): Promise<MotionModule> {
  const found =
    (await openFolderWeights(folder, '', diffusersFiles, options)) ??
    (await openFolderWeights(folder, 'motion_adapter', diffusersFiles, options));
  if (found) return orClose(found.store, () => motionModule(found.store, found.config, folder.name));
  throw new AnimateDiffError(
    'weights-mismatch',
    `${folder.name} has no motion module weights (diffusion_pytorch_model.safetensors, at its top or in motion_adapter/)`,
    { details: { file: folder.name, option: 'motionModule' } },
  );
}

/**
 * Takes an opened file as a motion module, which owns the store from then on.
 * @param label The name of the file or folder; it may tell a distilled version from v2.
 */
export function motionModule(
  store: WeightStore,
  config: Readonly<Record<string, unknown>> | undefined,
  label: string,
): MotionModule {
  const identity = identifyAs('motionModule', store);
  const found = locateMotionModule(new Set(store.entries.keys()));
  if (!found?.layout) throw wrongFile('motionModule', store, identity);
  const component = soleComponent(store, motionPart(found, found.layout), ignoredMotionKeys, config);
  const { facts, warnings } = namedVersion(motionFacts(component.store.entries), label);
  const channels = motionChannels(component.store.entries);
  const { version } = facts;
  if (!isRunnable(version)) throw wrongFile('motionModule', store, identity);
  const shape = {
    ...facts,
    version,
    levels: found.layout.levels,
    layersPerBlock: found.layout.layers,
    channels,
  };
  return {
    ...component,
    ...shape,
    label,
    warnings: [
      ...warnings,
      ...unknownTensorWarnings(label, component.report),
      ...motionConfigWarnings(label, config, shape),
    ],
    close: () => store.close(),
  };
}

/** AnimateDiff-Lightning, and AnimateLCM as diffusers stores it, have v2's tensors: only their names differ. */
function namedVersion(facts: MotionFacts, label: string): { facts: MotionFacts; warnings: Warning[] } {
  // The last part only: folders above may be named after anything.
  const name = label.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  const version = /lightning/i.test(name)
    ? 'lightning'
    : /animate-?lcm/i.test(name)
      ? 'animatelcm'
      : undefined;
  if (facts.version !== 'v2' || !version) return { facts, warnings: [] };
  const warning: Warning = {
    code: 'motion-version-by-name',
    message: `${label} is taken for ${version} because of its name; its tensors look like v2`,
  };
  return { facts: { ...facts, version }, warnings: [warning] };
}
