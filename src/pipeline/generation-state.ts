import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { elementCount, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { Precision } from '../models/precision.js';
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
  /** What the UNet went over to on the way, see `onNonFinite`; absent when it is as the pipeline was loaded. */
  readonly precision?: Precision | undefined;
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
export function decodeGenerationState(encoded: Uint8Array): GenerationState {
  // Slices of a Node Buffer share its memory; those of a plain array are copies.
  const bytes = new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = bytes.byteLength >= 16 && new TextDecoder().decode(bytes.subarray(0, 8)) === magic;
  if (!known) refuse('these bytes are no saved generation');
  const length = view.getUint32(8, true);
  const start = 16 + Math.ceil(length / 4) * 4;
  if (length > headerLimit || start > bytes.byteLength) refuse('its header is cut short');
  const body = bytes.subarray(start);
  let json: unknown;
  // Each byte belongs to one array: a small file must not become many large ones.
  let left = body.byteLength;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length)), (_key, value: unknown) => {
      if (!isReference(value)) return value;
      left -= 4 * value.$float32[1];
      if (left < 0) refuse('its arrays share bytes');
      return floats(body, value.$float32);
    });
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
  const text = z.string();
  const whole = z.int().check(z.gte(0));
  const tensor = z.custom<Float32Tensor>(isTensor, 'expected a float32 tensor whose values fit its shape');
  const random = z.object({ kind: text, words: z.array(z.number()), extra: z.array(z.number()) });
  const values = z.record(text, z.unknown());
  const schema = z.object({
    contract: z.literal('generation-state/1'),
    options: values,
    tensors: z.record(text, tensor),
    seed: whole,
    scheduler: z.object({ scheduler: text, index: whole, values, random }),
    latents: tensor,
    iteration: whole,
    startNoise: tensor,
    precision: z.optional(z.enum(['float32', 'float16'])),
  });
  const result = schema.safeParse(value, { jitless: true });
  if (result.success) return value as GenerationState;
  const path = result.error.issues[0]?.path.join('.') || 'the state';
  return refuse(
    `${path}: a part of it is missing or does not fit its shape, or it is of another version of this library`,
  );
}

function isTensor(value: unknown): value is Float32Tensor {
  const tensor = value as Partial<Float32Tensor> | null | undefined;
  return (
    tensor?.type === 'float32' &&
    tensor.data instanceof Float32Array &&
    Array.isArray(tensor.shape) &&
    tensor.shape.every((size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0) &&
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
