import { existsSync, mkdirSync, statSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { float32ToFloat16 } from '../src/core/half.js';
import { torchRandom } from '../src/core/torch-random.js';
import { safetensorsHeader } from '../src/weights/safetensors-writer.js';
import type { TensorEntry } from '../src/weights/weight-store.js';

/** Full-size model files with random weights. */
export interface RandomModel {
  readonly checkpoint: string;
  readonly motionModule: string;
}

const names = new URL('../test/fixtures/names/', import.meta.url);

/**
 * Writes Stable Diffusion 1.5 as one file under the original names, and a v2 motion module under diffusers' names,
 * with every tensor that real files have, in float16: 2.1 and 0.9 GB. Weights are normal with the spread that keeps
 * activations near 1. Files that are there already are kept.
 */
export async function writeRandomModel(folder: string): Promise<RandomModel> {
  mkdirSync(folder, { recursive: true });
  const checkpoint = join(folder, 'sd15-random.safetensors');
  const motionModule = join(folder, 'mm-v2-random.safetensors');
  await writeRandomFile(checkpoint, await shapesOf('sd15-single-file.json'));
  await writeRandomFile(motionModule, await shapesOf('motion-v2.json'));
  return { checkpoint, motionModule };
}

const attentionWeight = /\.attn[12]\.to_(q|k|v|out\.0)\.weight$/;

/**
 * Writes a LoRA of one rank over all attention layers of Stable Diffusion 1.5's image UNet, under kohya's names, in
 * float16, with alpha = rank.
 */
export async function writeRandomLora(folder: string, rank: number): Promise<string> {
  const path = join(folder, `lora-rank${rank}-random.safetensors`);
  const shapes: Record<string, number[]> = {};
  for (const [name, [rows = 0, columns = 0]] of Object.entries(await shapesOf('sd15-unet.json'))) {
    if (!attentionWeight.test(name)) continue;
    const layer = `lora_unet_${name.slice(0, -'.weight'.length).replaceAll('.', '_')}`;
    shapes[`${layer}.lora_down.weight`] = [rank, columns];
    shapes[`${layer}.lora_up.weight`] = [rows, rank];
  }
  await writeRandomFile(path, shapes);
  return path;
}

/** Bytes in float32 of the weights that {@link writeRandomLora}'s files change. */
export async function attentionBytes(): Promise<number> {
  return Object.entries(await shapesOf('sd15-unet.json'))
    .filter(([name]) => attentionWeight.test(name))
    .reduce((sum, [, [rows = 0, columns = 0]]) => sum + 4 * rows * columns, 0);
}

async function shapesOf(file: string): Promise<Record<string, number[]>> {
  return JSON.parse(await readFile(new URL(file, names), 'utf8')) as Record<string, number[]>;
}

/** Random half floats by scale, cut from one table: fresh normals for a billion weights would take minutes. */
const tableSize = 2 ** 22;

async function writeRandomFile(path: string, shapes: Record<string, number[]>): Promise<void> {
  const entries = Object.entries(shapes).map(([name, shape]): TensorEntry => ({ name, type: 'f16', shape }));
  const header = safetensorsHeader(entries);
  const size =
    header.byteLength + entries.reduce((sum, { shape }) => sum + 2 * shape.reduce((a, b) => a * b, 1), 0);
  if (existsSync(path) && statSync(path).size === size) return;
  const normals = torchRandom(1).normal(tableSize);
  const tables = new Map<number, Uint16Array>();
  let start = 0;
  const file = await open(`${path}.part`, 'w');
  try {
    await file.write(header);
    for (const { name, shape } of entries) {
      const spread = spreadOf(name, shape);
      const table =
        tables.get(spread) ??
        float32ToFloat16(normals.map((value) => value * spread + (isGain(name, shape) ? 1 : 0)));
      tables.set(spread, table);
      // Each tensor begins elsewhere: ONNX Runtime keeps one copy of packed weights that are equal.
      start = (start + 104_729) % tableSize;
      for (let left = shape.reduce((x, y) => x * y, 1), from = start; left > 0; from = 0) {
        const piece = table.subarray(from, Math.min(from + left, tableSize));
        await file.write(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
        left -= piece.length;
      }
    }
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

function isGain(name: string, shape: readonly number[]): boolean {
  return shape.length === 1 && name.endsWith('.weight');
}

function spreadOf(name: string, shape: readonly number[]): number {
  if (shape.length < 2) return 0.02;
  if (name.includes('embedding')) return 0.021;
  return shape.slice(1).reduce((a, b) => a * b, 1) ** -0.5;
}
