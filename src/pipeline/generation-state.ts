import { AnimateDiffError } from '../core/errors.js';
import { elementCount, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { SchedulerState } from '../schedulers/scheduler.js';

/** A paused generation as plain data: numbers, texts and float arrays. Going on from it gives the same frames, bit for bit. */
export interface GenerationState {
  readonly contract: 'generation-state/1';
  /** The options of the generation without signal, scheduler and tensors. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Tensors among the options, by option. */
  readonly tensors: Readonly<Record<string, Float32Tensor>>;
  /** The seed of the whole generation. */
  readonly seed: number;
  /** Where the sampler stands; its name tells which one has to go on. */
  readonly scheduler: SchedulerState;
  /** Latents before the next step. */
  readonly latents: Float32Tensor;
  /** Which FreeInit iteration this is, from 0. */
  readonly iteration: number;
  /** The noise that the first iteration began from. */
  readonly startNoise: Float32Tensor;
}

const magic = 'ADJSRUN1';
const headerLimit = 64 * 2 ** 20;

/** A state as bytes, for a file or a database: a header of JSON and the arrays behind it. */
export function encodeGenerationState(state: GenerationState): Uint8Array {
  const arrays: Float32Array[] = [];
  let position = 0;
  const json = JSON.stringify(state, (_key, value: unknown) => {
    if (!(value instanceof Float32Array)) return value;
    arrays.push(value);
    const reference = { $float32: [position, value.length] };
    position += value.byteLength;
    return reference;
  });
  const header = new TextEncoder().encode(json);
  const start = 16 + Math.ceil(header.byteLength / 4) * 4;
  const bytes = new Uint8Array(start + position);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(8, header.byteLength, true);
  bytes.set(header, 16);
  let at = start;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return bytes;
}

/**
 * The state that {@link encodeGenerationState} wrote.
 * @throws `weights-format` when the bytes are something else, cut short or changed.
 */
export function decodeGenerationState(bytes: Uint8Array): GenerationState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = bytes.byteLength >= 16 && new TextDecoder().decode(bytes.subarray(0, 8)) === magic;
  if (!known) refuse('these bytes are no saved generation');
  const length = view.getUint32(8, true);
  const start = 16 + Math.ceil(length / 4) * 4;
  if (length > headerLimit || start > bytes.byteLength) refuse('its header is cut short');
  const body = bytes.subarray(start);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length)), (_key, value: unknown) =>
      isReference(value) ? floats(body, value.$float32) : value,
    );
  } catch (error) {
    if (AnimateDiffError.isInstance(error)) throw error;
    refuse('its header is not JSON');
  }
  return checked(json);
}

function isReference(value: unknown): value is { readonly $float32: readonly [number, number] } {
  const pair = (value as { $float32?: unknown } | null)?.$float32;
  return Array.isArray(pair) && pair.length === 2 && pair.every((each) => Number.isSafeInteger(each));
}

function floats(body: Uint8Array, [offset, length]: readonly [number, number]): Float32Array {
  const end = offset + 4 * length;
  if (offset < 0 || length < 0 || offset % 4 !== 0 || end > body.byteLength) refuse('an array is cut short');
  return new Float32Array(body.slice(offset, end).buffer);
}

/** @throws `weights-format` when a state is not one, or its latents do not fit their shape. */
export function checked(value: unknown): GenerationState {
  const state = value as Partial<GenerationState> | null;
  if (state?.contract !== 'generation-state/1') refuse('it is of another version of this library');
  const tensors = [state.latents, state.startNoise, ...Object.values(state.tensors ?? {})];
  const sound = tensors.every((tensor) => isTensor(tensor)) && Number.isSafeInteger(state.seed);
  if (!sound || typeof state.options !== 'object' || typeof state.scheduler !== 'object') {
    refuse('a part of it is missing or does not fit its shape');
  }
  return state as GenerationState;
}

function isTensor(value: unknown): value is Float32Tensor {
  const tensor = value as Partial<Float32Tensor> | null | undefined;
  return (
    tensor?.data instanceof Float32Array &&
    Array.isArray(tensor.shape) &&
    tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    elementCount(tensor.shape as number[]) === tensor.data.length
  );
}

function refuse(why: string): never {
  throw new AnimateDiffError('weights-format', `the generation to resume cannot be read: ${why}`);
}

/** A copy of a tensor that nothing else changes. */
export function copied({ data, shape }: Float32Tensor): Float32Tensor {
  return float32Tensor(data.slice(), shape);
}
