import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteSource, type Float32Tensor, float32Tensor, openWeights } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';

/** Settings of a recorded generation, as in `reference.json`. */
export interface RecordedRun {
  prompt: string;
  negative: string;
  guidance_scale: number;
  steps: number;
  frames: number;
  seed?: number;
  /** Path of the motion module, below the directory or its `motion` folder. */
  motion: string;
  /** `frame` or `clip`: the scope of the motion module's group norm. */
  motion_norm: string;
}

/** A directory of model files with outputs that were computed elsewhere. */
export interface Reference {
  readonly directory: string;
  readonly prompts: readonly string[];
  readonly run: RecordedRun | undefined;
  /** Whether a file or folder is there. */
  has(path: string): boolean;
  path(path: string): string;
  /** Whether a tensor was recorded. */
  records(name: string): boolean;
  /** A recorded tensor; integers come as floats. */
  tensor(name: string): Promise<Float32Tensor>;
  names: readonly string[];
}

/** Opens a directory laid out as `reference.json`, `reference.safetensors`, `model/`, `motion/`, `single-file/`. */
export async function openReference(directory: string): Promise<Reference> {
  const path = (name: string): string => join(directory, name);
  const json = JSON.parse(readFileSync(path('reference.json'), 'utf8')) as {
    prompts?: string[];
    pipe?: RecordedRun;
  };
  const store = await openWeights(fileSource(path('reference.safetensors')) as ByteSource);
  return {
    directory,
    prompts: json.prompts ?? [],
    run: json.pipe,
    path,
    has: (name) => existsSync(path(name)),
    names: [...store.entries.keys()],
    records: (name) => store.entries.has(name),
    async tensor(name) {
      const { type, shape, bytes } = await store.read(name);
      const buffer = bytes.slice().buffer;
      const data =
        type === 'i64' ? Float32Array.from(new BigInt64Array(buffer), Number) : new Float32Array(buffer);
      return float32Tensor(data, shape);
    },
  };
}
