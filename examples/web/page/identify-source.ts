import {
  AnimateDiffError,
  type ByteSource,
  type FileIdentity,
  type FolderSource,
  identify,
  loadAdapter,
  type ModelSource,
  motionModulePreset,
  openWeights,
  type PresetVersion,
} from 'animatediff-js';
import type { AdapterPart, ModelPart, ModelSettings, PartRole } from './model-choice.js';

/** Where a part comes from, if not from this computer. */
export interface Origin {
  readonly url: string;
  /** What to look into: the header of a large file tells enough, before all of it is fetched. */
  readonly probe: ModelSource;
}

/**
 * Tells by its content what a file or folder is for.
 * @throws `weights-format` for what is no weight file, `weights-mismatch` for weights that this page has no use for.
 */
export async function identifySource(source: ModelSource, origin?: Origin): Promise<ModelPart | AdapterPart> {
  const { probe = source, url } = origin ?? {};
  if (probe.kind === 'folder') return { ...(await folderPart(probe)), source, url };
  const part = await filePart(probe);
  if (part.role !== 'adapter') return { ...part, source, url };
  return { ...part, adapter: { ...part.adapter, source }, url };
}

async function filePart(source: ByteSource): Promise<ModelPart | AdapterPart> {
  const store = await openWeights(source);
  let identity: FileIdentity;
  try {
    identity = identify(store.entries, store.metadata);
  } finally {
    await store.close();
  }
  const [role] = identity.roles;
  if (role === undefined) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `${source.name} is ${identity.what}, which cannot be used here`,
    );
  }
  if (role === 'adapters') return adapterPart(source, identity);
  const { what } = identity;
  return { role, source, name: shortName(source.name), what, suits: suitedTo(identity) };
}

const presets: readonly string[] = [
  'v1',
  'v2',
  'v3',
  'long',
  'animatelcm',
  'lightning',
] satisfies PresetVersion[];

function suitedTo({ version }: FileIdentity): ModelSettings | undefined {
  if (version === undefined || !presets.includes(version)) return undefined;
  const { numInferenceSteps, guidanceScale } = motionModulePreset(version as PresetVersion);
  return { steps: numInferenceSteps, guidanceScale };
}

// Live, so that its slider acts without loading anything.
async function adapterPart(source: ByteSource, identity: FileIdentity): Promise<AdapterPart> {
  const live = identity.kind === 'textual-inversion' ? {} : ({ mode: 'live' } as const);
  const adapter = await loadAdapter(source, live);
  return { role: 'adapter', adapter, what: identity.what, scale: 1 };
}

async function folderPart(folder: FolderSource): Promise<ModelPart> {
  const role = await folderRole(folder);
  if (role === undefined) {
    throw new AnimateDiffError(
      'weights-mismatch',
      `the folder ${folder.name} is no model: there is neither a model_index.json nor a config.json that names one`,
    );
  }
  const what = role === 'checkpoint' ? 'a diffusers folder' : 'a folder of weights';
  return { role, source: folder, name: shortName(folder.name), what };
}

async function folderRole(folder: FolderSource): Promise<PartRole | undefined> {
  if ((await folder.file('model_index.json')) ?? (await folder.file('unet/config.json'))) return 'checkpoint';
  const config = await folder.file('config.json');
  if (config === undefined) return undefined;
  const names: Readonly<Record<string, PartRole>> = { MotionAdapter: 'motionModule', AutoencoderKL: 'vae' };
  const className = await classNameOf(config);
  return className === undefined ? undefined : names[className];
}

/** Longest `config.json` that is read: real ones have a few kilobytes. */
const longestConfig = 2 ** 20;

async function classNameOf(config: ByteSource): Promise<string | undefined> {
  try {
    const size = await config.size();
    if (size > longestConfig) return undefined;
    const value: unknown = JSON.parse(new TextDecoder().decode(await config.read(0, size)));
    const name = (value as { _class_name?: unknown } | null)?._class_name;
    return typeof name === 'string' ? name : undefined;
  } finally {
    await config.close();
  }
}

function shortName(name: string): string {
  return name.split(/[\\/]/).findLast((part) => part !== '') ?? name;
}
