import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inProcess } from './in-process.js';
import type { EndlessMemory, LongTask, RunMemory } from './long-run.js';
import type { RandomModel } from './random-model.js';
import type { LongResult } from './result.js';

/** What the part about long animations is told. */
export interface LongBenchOptions {
  readonly folder: string;
  readonly threads: number;
  /** Side of the square frames, in pixels. */
  readonly pixels: number;
  note(text: string): void;
}

const frames = [16, 256] as const;
/** What endless frames are compared between. */
const endless = [50, 200] as const;

/** Memory of long animations against short ones, each in a process of its own, whose peak is nobody else's. */
export async function benchLong(model: RandomModel, options: LongBenchOptions): Promise<LongResult> {
  const { folder, threads, pixels, note } = options;
  const cache = mkdtempSync(join(folder, 'cache-'));
  const task = { model, cache, threads, pixels };
  const run = <T>(each: LongTask): Promise<T> => inProcess('./long-run.ts', each);
  try {
    note('long: one frame, which fills the weights cache');
    await run<RunMemory>({ ...task, kind: 'generate', frames: 1 });
    const runs: RunMemory[] = [];
    for (const count of frames) {
      note(`long: ${count} frames`);
      const memory = await run<RunMemory>({ ...task, kind: 'generate', frames: count });
      // Told at once: it has taken minutes.
      note(`long: ${JSON.stringify(memory)}`);
      runs.push(memory);
    }
    note(`long: endless frames, up to ${endless[1]}`);
    const growth = await run<EndlessMemory>({ ...task, kind: 'endless', at: endless });
    return { pixels, short: runs[0]!, long: runs[1]!, endless: growth };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
