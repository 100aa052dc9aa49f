import { AnimateDiffError } from 'animatediff-js';
import { bytesText, sentence } from './words.js';

/** What a button in the error's card does. */
export type Remedy = 'try-again' | 'use-wasm' | 'empty-store' | 'choose-files';

/** An error for people: what happened, and what to do about it. */
export interface ErrorWords {
  readonly title: string;
  readonly what: string;
  readonly advice: string;
  /** `undefined` where only other settings help. */
  readonly remedy?: Remedy | undefined;
}

/** Puts an error into words. */
export function errorWords(error: unknown): ErrorWords {
  const what = sentence(error instanceof Error ? error.message : String(error));
  if (!AnimateDiffError.isInstance(error)) {
    return { title: 'Something went wrong', what, advice: 'Trying again may help.', remedy: 'try-again' };
  }
  const special = specialWords(error);
  if (special) return { what, ...special };
  return { what, ...byCode[error.code] };
}

/** Causes that need another remedy than their code's. */
function specialWords({
  message,
  code,
  details,
}: AnimateDiffError): (Omit<ErrorWords, 'what'> & Partial<ErrorWords>) | undefined {
  if (details['missing'] === 'checkpoint') {
    return {
      title: 'A checkpoint is missing',
      advice: 'Choose a Stable Diffusion 1.5 checkpoint, or go back to the built-in model.',
      remedy: 'choose-files',
    };
  }
  const { needed, available, file } = details;
  if (typeof needed === 'number') {
    let left = '';
    if (typeof available === 'number') {
      // Some browsers tell a quota that they do not give.
      const but = available < needed ? 'and' : 'which it did not get, though';
      left = `, ${but} ${bytesText(available)} are left`;
    }
    return {
      title: 'The browser’s store is full',
      what: `${file} needs ${bytesText(needed)}${left}.`,
      advice: 'Files from earlier visits can be removed; or free some disk space.',
      remedy: 'empty-store',
    };
  }
  if (details['reason'] === 'device-lost') {
    return {
      title: 'The graphics device was lost',
      advice:
        'The driver restarted or the memory ran out. Trying again loads the model anew; a smaller picture needs less.',
      remedy: 'try-again',
    };
  }
  if (code === 'backend' && /webgpu|graphics card|gpu adapter/i.test(message)) {
    return {
      title: 'WebGPU is not there',
      advice: 'WebAssembly computes on the processor: slower, but everywhere.',
      remedy: 'use-wasm',
    };
  }
  return undefined;
}

const byCode: Readonly<Record<AnimateDiffError['code'], Omit<ErrorWords, 'what'>>> = {
  'invalid-options': {
    title: 'That does not go together',
    advice: 'Change the setting that is named above, then generate again.',
  },
  'weights-format': {
    title: 'This file cannot be read',
    advice:
      'It may be incomplete, or not a model file at all. Download it again, or choose a .safetensors or .ckpt file.',
    remedy: 'choose-files',
  },
  'weights-mismatch': {
    title: 'This file does not fit',
    advice: 'Stable Diffusion 1.5 checkpoints and what was made for them can be used here.',
    remedy: 'choose-files',
  },
  unsupported: {
    title: 'This cannot be done here',
    advice: 'Other settings or another file may work.',
  },
  'out-of-memory': {
    title: 'Not enough memory',
    advice: 'Take fewer frames or a smaller picture, and close other tabs.',
    remedy: 'try-again',
  },
  numerics: {
    title: 'The numbers ran away',
    advice: 'Another sampler or a lower guidance usually helps; a broken file does not.',
    remedy: 'try-again',
  },
  backend: {
    title: 'The computation failed',
    advice: 'Trying again loads the model anew.',
    remedy: 'try-again',
  },
  busy: {
    title: 'One thing at a time',
    advice: 'Wait until the work under way has ended.',
    remedy: 'try-again',
  },
  disposed: { title: 'The model was let go', advice: 'Trying again loads it anew.', remedy: 'try-again' },
};
