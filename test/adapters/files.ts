import { lora } from '../../src/adapters/adapter.js';
import type { AdapterOptions } from '../../src/adapters/adapter-options.js';
import { type OpenedAdapter, openAdapter } from '../../src/adapters/open-adapter.js';
import { type PlacedAdapter, placeAdapter } from '../../src/adapters/place-adapter.js';
import { targetTable } from '../../src/adapters/target-table.js';
import { bytesSource } from '../../src/core/bytes-source.js';
import type { ByteSource } from '../../src/core/source.js';
import type { WeightSource } from '../../src/models/weight-source.js';
import { writeSafetensors } from '../../src/weights/safetensors-writer.js';

/** A tensor of float32 values. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Repeatable values in -1 to 1, unlike each other. */
export function values(seed: number, ...shape: number[]): Values {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233)) };
}

/** One number, as alpha is stored. */
export function scalar(value: number): Values {
  return { shape: [], data: Float32Array.of(value) };
}

/** A safetensors file in memory. */
export function file(
  tensors: Readonly<Record<string, Values>>,
  name = 'style.safetensors',
  metadata: Readonly<Record<string, string>> = {},
): ByteSource {
  const list = Object.entries(tensors).map(([key, { shape, data }]) => ({
    name: key,
    type: 'f32' as const,
    shape,
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  return bytesSource(writeSafetensors(list, new Map(Object.entries(metadata))), { name });
}

/** Weights in memory, as a network asks for them. */
export function weights(tensors: Readonly<Record<string, Values>>, identity = 'base'): WeightSource {
  const all = new Map(Object.entries(tensors));
  return {
    label: 'model',
    names: [...all.keys()],
    shape: (name) => all.get(name)?.shape,
    read: async (name) => all.get(name)!.data,
    identity: async () => identity,
  };
}

/** The layer that most tests change: a projection of an attention, with bias so that biases can be changed too. */
export const layer = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0';
/** The same layer in kohya's names. */
export const kohyaLayer = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0';

/** A model of that one layer. */
export function oneLayer(shape: readonly number[]): WeightSource {
  return weights({ [`${layer}.weight`]: values(99, ...shape), [`${layer}.bias`]: values(98, shape[0]!) });
}

/** Opens a LoRA of these tensors. */
export function opened(
  tensors: Readonly<Record<string, Values>>,
  options?: AdapterOptions & { file?: string; metadata?: Record<string, string> },
): Promise<OpenedAdapter> {
  const { file: name, metadata, ...rest } = options ?? {};
  return openAdapter(lora(file(tensors, name, metadata), rest));
}

/** Opens a LoRA of these tensors and finds its layers in a UNet. */
export async function placed(
  base: WeightSource,
  tensors: Readonly<Record<string, Values>>,
  options?: AdapterOptions & { file?: string; metadata?: Record<string, string> },
): Promise<PlacedAdapter> {
  return placeAdapter(await opened(tensors, options), targetTable({ unet: base }));
}

/** `{ a: x }` under the module's name: `{ 'lora_unet_….a': x }`. */
export function module(parts: Readonly<Record<string, Values>>, target = kohyaLayer): Record<string, Values> {
  return Object.fromEntries(Object.entries(parts).map(([ending, value]) => [target + ending, value]));
}
