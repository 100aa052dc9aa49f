import type { TensorEntry } from '../weight-store.js';

/**
 * Motion modules that run here.
 *
 * - `v1`: mm_sd_v14 and mm_sd_v15, 24 positions; `v2`: mm_sd_v15_v2, with a middle block; `v3`: v3_sd15_mm.
 * - `animatelcm`, `lightning`: distilled for few steps, with v2's structure.
 * - `long`: v1's structure with another number of positions (LongAnimateDiff: 64, 128).
 */
export type RunnableMotionVersion = 'v1' | 'v2' | 'v3' | 'animatelcm' | 'lightning' | 'long';

/** Which motion module a file is; those beyond {@link RunnableMotionVersion} are recognised to be refused by name. */
export type MotionVersion =
  | RunnableMotionVersion
  | 'sdxl'
  | 'hotshot'
  | 'pia'
  | 'fancyvideo'
  | 'animatelcm-i2v';

/** Whether a motion module runs here. */
export function isRunnable(version: MotionVersion): version is RunnableMotionVersion {
  return ['v1', 'v2', 'v3', 'animatelcm', 'lightning', 'long'].includes(version);
}

/** What a motion module's names and shapes tell. */
export interface MotionFacts {
  /** What the tensors look like. */
  readonly version: MotionVersion;
  /** Most frames at once: the length of the stored position table, or the author's number where none is stored. */
  readonly maxFrames: number;
  /** Whether there is a motion transformer in the middle block. */
  readonly hasMidBlock: boolean;
  /** False when the file has no position table: it is then computed (AnimateLCM). */
  readonly hasPositions: boolean;
}

/** Names of fields whose presence says that a module needs inputs or blocks that plain ones lack. */
const foreignMarks: readonly { readonly version: MotionVersion; readonly marks: readonly string[] }[] = [
  { version: 'hotshot', marks: ['temporal_attentions.', 'pos_encoder.positional_encoding'] },
  { version: 'fancyvideo', marks: ['fps_embedding.', 'motion_embedding.'] },
  { version: 'animatelcm-i2v', marks: ['img_encoder.'] },
];

/**
 * Tells motion modules apart, by the common rules of diffusers, sd-webui-animatediff and ComfyUI. The names must be
 * a motion module's. Files that were distilled but kept v2's structure and positions look like `v2` here.
 */
export function motionFacts(entries: ReadonlyMap<string, TensorEntry>): MotionFacts {
  const names = [...entries.keys()];
  const hasMidBlock = names.some((name) => name.includes('mid_block.motion_modules.'));
  const positions = positionCount(entries);
  const facts = { hasMidBlock, hasPositions: positions !== undefined };
  const foreign = foreignVersion(entries, names);
  if (foreign) return { ...facts, version: foreign, maxFrames: positions ?? 32 };
  if (positions === undefined) {
    // AnimateLCM's author deleted the table before publishing; the training code used 64.
    return hasMidBlock
      ? { ...facts, version: 'animatelcm', maxFrames: 64 }
      : { ...facts, version: 'v3', maxFrames: 32 };
  }
  if (hasMidBlock) return { ...facts, version: 'v2', maxFrames: positions };
  if (positions === 24) return { ...facts, version: 'v1', maxFrames: positions };
  return { ...facts, version: positions === 32 ? 'v3' : 'long', maxFrames: positions };
}

/** Output widths of the down levels, from the first to the last. */
export function motionChannels(entries: ReadonlyMap<string, TensorEntry>): number[] {
  const widths: number[] = [];
  for (const { name, shape } of entries.values()) {
    const found =
      /(?:^|\.)down_blocks\.(\d)\.motion_modules\.0\.(?:temporal_transformer\.)?norm\.weight$/.exec(name);
    if (found && shape[0] !== undefined) widths[Number(found[1])] = shape[0];
  }
  return widths;
}

/** The shortest position table; they are all equally long in sound files. */
function positionCount(entries: ReadonlyMap<string, TensorEntry>): number | undefined {
  let count: number | undefined;
  for (const { name, shape } of entries.values()) {
    const length = shape[shape.length - 2];
    if (!/\.(pe|positional_encoding)$/.test(name) || !length) continue;
    count = count === undefined ? length : Math.min(count, length);
  }
  return count;
}

function foreignVersion(
  entries: ReadonlyMap<string, TensorEntry>,
  names: readonly string[],
): MotionVersion | undefined {
  const mark = foreignMarks.find(({ marks }) =>
    names.some((name) => marks.some((text) => name.includes(text))),
  );
  if (mark) return mark.version;
  // Image-conditioned modules bring a first convolution for latent, mask and masked image: 4 + 1 + 4 channels.
  if (entries.get('conv_in.weight')?.shape[1] === 9) return 'pia';
  // Stable Diffusion XL has three levels of just these widths; other three-level families are welcome.
  return motionChannels(entries).join() === '320,640,1280' ? 'sdxl' : undefined;
}
