import { AnimateDiffError } from '../core/errors.js';
import type { FolderSource, ReadOptions } from '../core/source.js';
import type { Checkpoint, TokenizerFiles } from './checkpoint.js';
import { type ComponentWeights, closeAll, soleComponent } from './checkpoint-component.js';
import {
  diffusersFiles,
  type FolderWeights,
  type OpenModelOptions,
  openFolderWeights,
  transformersFiles,
  type WeightFileNames,
} from './checkpoint-files.js';
import { readJsonObject } from './checkpoint-json.js';
import { identifyAs, wrongFile } from './checkpoint-mismatch.js';
import {
  guidanceInputWarnings,
  predictionWarnings,
  unknownTensorWarnings,
  vaeWarnings,
  variantWarnings,
} from './checkpoint-warnings.js';
import { type FileIdentity, identify } from './identify.js';
import { ignoredCheckpointKeys } from './names/ignored-keys.js';
import { locateTextEncoder, locateUnet, textEncoderPart, unetPart } from './names/locate.js';
import { vaeComponent } from './vae-component.js';
import type { WeightStore } from './weight-store.js';

/** Opens a checkpoint that is a diffusers folder. See `openCheckpoint`. */
export async function openFolderCheckpoint(
  folder: FolderSource,
  options: OpenModelOptions,
): Promise<Checkpoint> {
  const opened: FolderWeights[] = [];
  const open = async (directory: string, names: WeightFileNames): Promise<FolderWeights | undefined> => {
    const weights = await openFolderWeights(folder, directory, names, options);
    if (weights) opened.push(weights);
    return weights;
  };
  try {
    const unet = await open('unet', diffusersFiles);
    if (!unet) throw await notAModel(folder, options);
    const vae = await open('vae', diffusersFiles);
    const text = await open('text_encoder', transformersFiles);
    return await folderCheckpoint(folder, { unet, vae, text }, opened, options);
  } catch (error) {
    await closeAll(opened.map(({ store }) => store)).catch(() => {});
    throw error;
  }
}

interface FolderParts {
  readonly unet: FolderWeights;
  readonly vae: FolderWeights | undefined;
  readonly text: FolderWeights | undefined;
}

async function folderCheckpoint(
  folder: FolderSource,
  parts: FolderParts,
  opened: readonly FolderWeights[],
  options: OpenModelOptions,
): Promise<Checkpoint> {
  const identity = identifyAs('checkpoint', parts.unet.store);
  const unet = unetComponent(parts.unet, identity);
  const vae = parts.vae && vaeComponent(parts.vae.store, parts.vae.config);
  const textEncoder = parts.text && textEncoderComponent(parts.text);
  const schedulerFile = await folder.file('scheduler/scheduler_config.json', options);
  const schedulerConfig = schedulerFile && (await readJsonObject(schedulerFile, options));
  const tokenizer = await tokenizerFiles(folder, options);
  const tokenizerSources = Object.values(tokenizer ?? {}).filter((file) => file !== undefined);
  const components = [unet, vae, textEncoder].filter((component) => component !== undefined);
  return {
    form: 'folder',
    label: folder.name,
    identity,
    unet,
    vae,
    textEncoder,
    tokenizerFiles: tokenizer,
    schedulerConfig,
    leftovers: { used: [], ignored: [], unknown: [] },
    warnings: [
      ...variantWarnings(options.variant, opened),
      ...components.flatMap(({ store, report }) => unknownTensorWarnings(store.label, report)),
      ...predictionWarnings(parts.unet.store, schedulerConfig),
      ...guidanceInputWarnings(unet.store),
      ...(vae ? vaeWarnings(vae.store.label, vae.config) : []),
    ],
    close: () => closeAll([...opened.map(({ store }) => store), ...tokenizerSources]),
  };
}

function unetComponent({ store, config }: FolderWeights, identity: FileIdentity): ComponentWeights {
  const found = locateUnet(new Set(store.entries.keys()));
  if (!found?.layout) throw wrongFile('checkpoint', store, identity);
  return soleComponent(store, unetPart(found, found.layout), ignoredCheckpointKeys, config);
}

function textEncoderComponent({ store, config }: FolderWeights): ComponentWeights {
  const identity = identify(store.entries, store.metadata);
  const found = locateTextEncoder(new Set(store.entries.keys()));
  if (!found?.layout || identity.kind !== 'text-encoder' || identity.baseModel !== 'sd1') {
    throw wrongTextEncoder(store, identity);
  }
  return soleComponent(store, textEncoderPart(found, found.layout), ignoredCheckpointKeys, config);
}

function wrongTextEncoder(store: WeightStore, identity: FileIdentity): AnimateDiffError {
  return new AnimateDiffError(
    'weights-mismatch',
    `${store.label} is ${identity.what}, where the CLIP text encoder of Stable Diffusion 1.x is expected`,
    { details: { file: store.label, kind: identity.kind, baseModel: identity.baseModel } },
  );
}

async function tokenizerFiles(
  folder: FolderSource,
  options: ReadOptions,
): Promise<TokenizerFiles | undefined> {
  const vocab = await folder.file('tokenizer/vocab.json', options);
  const merges = vocab && (await folder.file('tokenizer/merges.txt', options));
  if (!vocab || !merges) return undefined;
  return { vocab, merges, config: await folder.file('tokenizer/tokenizer_config.json', options) };
}

/** Says what the folder seems to be, by the class that its `config.json` names. */
async function notAModel(folder: FolderSource, options: ReadOptions): Promise<AnimateDiffError> {
  const file = await folder.file('config.json', options);
  const className = file && (await readJsonObject(file, options))['_class_name'];
  const hint =
    className === 'MotionAdapter'
      ? "it is a motion module; give it as 'motionModule'"
      : className === 'AutoencoderKL'
        ? "it is a VAE; give it as 'vae'"
        : 'give the folder that holds model_index.json and unet/, or a single .safetensors or .ckpt file';
  return new AnimateDiffError(
    'weights-mismatch',
    `${folder.name} has no UNet weights (unet/diffusion_pytorch_model.safetensors): ${hint}`,
    { details: { file: folder.name, option: 'checkpoint' } },
  );
}
