import type { Float32Tensor } from '../core/tensor.js';
import type { Warning } from '../core/warnings.js';
import type { PipelineEvent } from './events.js';
import type { ResolvedGenerateOptions } from './generate-options.js';
import type { GenerationParts } from './generation-parts.js';
import type { Conditioning } from './guidance.js';
import { batchContext, type PromptBatch, promptBatch } from './prompt-batch.js';
import { pickRows } from './tensor-rows.js';
import { travelEmbeddings } from './travel-embeddings.js';
import { type ResolvedKeyframe, travelKeyframes } from './travel-keyframes.js';
import { travelWeights } from './travel-weights.js';
import { withProgress } from './with-progress.js';

/** The prompts of a generation, as token ids. */
export interface PromptPlan {
  readonly positive: readonly ResolvedKeyframe[];
  /** Empty without guidance. */
  readonly negative: readonly ResolvedKeyframe[];
  /** Negative prompts first. */
  readonly batch: PromptBatch;
  /** What did not fit. */
  readonly warnings: readonly Warning[];
}

/** Reads the prompts of a generation. @throws `invalid-options` for keyframes that cannot be. */
export function promptPlan(
  { components, inversions }: Pick<GenerationParts, 'components' | 'inversions'>,
  options: ResolvedGenerateOptions,
): PromptPlan {
  const { numFrames, travel } = options;
  const { tokenizer } = components;
  const positive = needed(travelKeyframes(options.prompt, numFrames, travel));
  const negative = isGuided(options)
    ? needed(travelKeyframes(options.negativePrompt, numFrames, { name: 'negativePrompt' }))
    : [];
  const texts = [...negative, ...positive].map(({ prompt }) => prompt);
  const batch = promptBatch(tokenizer, inversions, texts, options);
  const names = [...namesOf('negativePrompt', negative), ...namesOf('prompt', positive)];
  const warnings = batch.truncated.flatMap((words, index) =>
    words === '' ? [] : [truncation(names[index]!, words, tokenizer.maxLength - 2)],
  );
  return { positive, negative, batch, warnings };
}

/** Keyframes that all say the same are one. */
function needed(keyframes: readonly ResolvedKeyframe[]): readonly ResolvedKeyframe[] {
  const [first] = keyframes;
  return keyframes.every(({ prompt }) => prompt === first?.prompt) ? keyframes.slice(0, 1) : keyframes;
}

function namesOf(option: string, keyframes: readonly ResolvedKeyframe[]): string[] {
  return keyframes.map(({ frame }) => (keyframes.length === 1 ? option : `${option} at frame ${frame}`));
}

/** Words of a prompt that do not fit. */
export function truncation(name: string, words: string, room: number): Warning {
  const message = `${name}: only ${room} tokens fit; ignored: '${words}'`;
  return { code: 'prompt-truncated', message };
}

/** Whether any step is guided. */
function isGuided({ guidanceScale, guidanceSchedule }: ResolvedGenerateOptions): boolean {
  const factors = guidanceSchedule?.map(({ factor }) => factor) ?? [1];
  return guidanceScale * Math.max(...factors) > 1;
}

/** Runs the text encoder: one embedding for each prompt, `[prompts, tokens, width]`. */
export async function* encodePrompts(
  { components }: Pick<GenerationParts, 'components'>,
  { batch }: Pick<PromptPlan, 'batch'>,
  { clipSkip, emphasis, signal }: Pick<ResolvedGenerateOptions, 'clipSkip' | 'emphasis' | 'signal'>,
): AsyncGenerator<PipelineEvent, Float32Tensor, undefined> {
  const encoded = yield* withProgress((onProgress) =>
    components.textEncoder.encodeRows(batch.rows, { clipSkip, signal, onProgress }),
  );
  return batchContext(encoded, batch, emphasis);
}

/** What the UNet attends to, from {@link encodePrompts}: one embedding for the clip, or one a frame where prompts travel. */
export function conditioningOfPrompts(
  encoded: Float32Tensor,
  { positive, negative }: PromptPlan,
  { numFrames, travel }: ResolvedGenerateOptions,
): Conditioning {
  const of = (keyframes: readonly ResolvedKeyframe[], first: number): Float32Tensor => {
    const own = pickRows(
      encoded,
      keyframes.map((_, index) => first + index),
    );
    if (keyframes.length === 1) return own;
    const weights = travelWeights(keyframes, numFrames, travel?.loop);
    return travelEmbeddings(own, weights, travel?.interpolation);
  };
  return {
    positive: of(positive, negative.length),
    negative: negative.length === 0 ? undefined : of(negative, 0),
  };
}
