import { bytesSource } from '../core/bytes-source.js';
import { AnimateDiffError } from '../core/errors.js';
import { storeWeights } from '../models/store-weights.js';
import { openWeights } from '../weights/open-weights.js';
import { type NamedTensor, writeSafetensors } from '../weights/safetensors-writer.js';
import type { AdamWParameter } from './adam-w.js';

/** A trained tensor with what the optimiser knows of it. */
export interface TrainedParameter extends AdamWParameter {
  readonly shape: readonly number[];
  /** Moving average of the values; `undefined` when none is kept. */
  readonly average: Float32Array | undefined;
}

/** Everything that a training run goes on from. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** By the name of the network's input. */
  readonly parameters: ReadonlyMap<string, TrainedParameter>;
  /** Loss of every step so far. */
  readonly losses: number[];
  /** Length of the gradient at every step so far, before it was clipped. */
  readonly gradientNorms: number[];
}

/** What a parameter has learned: the average of its values where one is kept. */
export function learnedValue({ shape, values, average }: TrainedParameter): {
  readonly shape: readonly number[];
  readonly values: Float32Array;
} {
  return { shape, values: average ?? values };
}

const format = 'animatediff-js-training/1';

/** A state at the beginning. */
export function startState(
  values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
  averaged: boolean,
): TrainingState {
  const parameters = new Map(
    [...values].map(([name, { shape, values: own }]): [string, TrainedParameter] => [
      name,
      {
        shape,
        values: own,
        mean: new Float32Array(own.length),
        squares: new Float32Array(own.length),
        average: averaged ? own.slice() : undefined,
      },
    ]),
  );
  return { step: 0, parameters, losses: [], gradientNorms: [] };
}

/** The parts of a parameter that are stored, and what their tensors' names begin with. */
const parts = ['values', 'mean', 'squares', 'average'] as const;

/**
 * A state as a safetensors file, from which {@link restoreState} goes on bit for bit.
 * @param settings What decides the run besides the state, as text: a run with other settings is refused.
 */
export function saveState(state: TrainingState, settings: string): Uint8Array {
  const tensors: NamedTensor[] = [
    floats64('losses', state.losses),
    floats64('gradient_norms', state.gradientNorms),
  ];
  for (const [name, parameter] of state.parameters) {
    for (const part of parts) {
      const data = parameter[part];
      if (data === undefined) continue;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      tensors.push({ name: `${part}/${name}`, type: 'f32', shape: parameter.shape, bytes });
    }
  }
  return writeSafetensors(
    tensors,
    new Map([
      ['format', format],
      ['step', String(state.step)],
      ['settings', settings],
    ]),
  );
}

/**
 * Takes what {@link saveState} saved over into a state at its beginning, in place.
 * @throws `invalid-options` for a file that is no checkpoint, or one of another run; `weights-format` for a broken one.
 */
export async function restoreState(state: TrainingState, bytes: Uint8Array, settings: string): Promise<void> {
  const store = await openWeights(bytesSource(bytes, { name: 'resume' }));
  try {
    if (store.metadata.get('format') !== format) refuse('expected a checkpoint that training has written');
    if (store.metadata.get('settings') !== settings) {
      refuse(
        `the checkpoint is of a run with other options; it was ${store.metadata.get('settings')?.slice(0, 1000)}, and is ${settings}`,
      );
    }
    const step = Number(store.metadata.get('step'));
    for (const name of ['losses', 'gradient_norms']) {
      const { shape, type } = store.entries.get(name) ?? {};
      if (!Number.isSafeInteger(step) || type !== 'f64' || shape?.length !== 1 || shape[0] !== step) {
        refuse(`the checkpoint's '${name}' do not belong to ${step} steps`);
      }
    }
    const weights = storeWeights(store);
    for (const [name, parameter] of state.parameters) {
      for (const part of parts) {
        const data = parameter[part];
        if (data === undefined) continue;
        const shape = weights.shape(`${part}/${name}`);
        if (shape?.join() !== parameter.shape.join()) {
          refuse(
            `the checkpoint's '${part}/${name}' is [${shape ?? 'not there'}], expected [${parameter.shape}]`,
          );
        }
        data.set(await weights.read(`${part}/${name}`));
      }
    }
    const numbers = async (name: string): Promise<Float64Array> => {
      const { bytes: own } = await store.read(name);
      return new Float64Array(own.slice().buffer);
    };
    state.losses.push(...(await numbers('losses')));
    state.gradientNorms.push(...(await numbers('gradient_norms')));
    state.step = step;
  } finally {
    await store.close();
  }
}

function floats64(name: string, values: readonly number[]): NamedTensor {
  const { buffer } = Float64Array.from(values);
  return { name, type: 'f64', shape: [values.length], bytes: new Uint8Array(buffer) };
}

function refuse(problem: string): never {
  throw new AnimateDiffError('invalid-options', `resume: ${problem}`);
}
