import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnimateDiffPipeline, float32Tensor } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';
import { expect, test } from 'vitest';
import { memoryUse } from '../../bench/memory.js';
import { writeRandomModel } from '../../bench/random-model.js';

const neededMemory = 9e9;
const neededDisk = 14e9;

/** Longest time between two turns of this thread's event loop, in milliseconds, since the last question. */
function stallMeter(): { longest(): number; stop(): void } {
  let last = performance.now();
  let longest = 0;
  const every = 2;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - every);
    last = now;
  }, every);
  return {
    longest() {
      const found = longest;
      longest = 0;
      return found;
    },
    stop: () => clearInterval(timer),
  };
}

/** Why a full-size model cannot be tried here, if so. */
function obstacle(): string | undefined {
  const { bavail, bsize } = statfsSync(tmpdir());
  if (freemem() < neededMemory) return `needs ${neededMemory / 1e9} GB of free memory`;
  return bavail * bsize < neededDisk ? `needs ${neededDisk / 1e9} GB of free disk` : undefined;
}

const reason = obstacle();

test.skipIf(reason !== undefined)(
  `Stable Diffusion 1.5 with a v2 module loads, runs, leaves the event loop live and gives its memory back${reason ? `: ${reason}` : ''}`,
  { timeout: 15 * 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'animatediff-full-'));
    try {
      const model = await writeRandomModel(folder);
      const before = memoryUse().resident;
      const pipeline = await AnimateDiffPipeline.load({
        backend: ortNode({ weightsCache: { directory: join(folder, 'cache') } }),
        checkpoint: fileSource(model.checkpoint),
        motionModule: fileSource(model.motionModule),
      });
      const sample = float32Tensor(
        new Float32Array(4 * 8 * 16 * 16).map((_, i) => Math.sin(i)),
        [1, 4, 8, 16, 16],
      );
      const context = float32Tensor(
        new Float32Array(77 * 768).map((_, i) => Math.cos(i)),
        [1, 77, 768],
      );

      const meter = stallMeter();
      const stalls: number[] = [];
      // A stall of our own making comes every time; one of a busy machine does not.
      while (stalls.length < 3 && Math.min(...stalls) >= 50) {
        meter.longest();
        const { data } = await pipeline.components.unet.predict({ sample, timestep: 500, context });
        stalls.push(meter.longest());
        expect(data.every(Number.isFinite)).toBe(true);
      }
      meter.stop();
      const stall = Math.min(...stalls);
      const running = memoryUse().resident;
      expect(stall).toBeLessThan(50);

      const controller = new AbortController();
      const aborted = pipeline.components.unet.predict(
        { sample, timestep: 1, context },
        { signal: controller.signal },
      );
      const start = performance.now();
      setTimeout(() => controller.abort(), 200);
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
      expect(performance.now() - start).toBeLessThan(1000);

      await pipeline.dispose();
      const after = memoryUse().resident;
      console.log(
        `stall ${stall.toFixed(1)} ms; resident ${[before, running, after].map((bytes) => (bytes / 1e9).toFixed(2)).join(' -> ')} GB, peak ${(memoryUse().peak / 1e9).toFixed(2)} GB`,
      );
      expect(after - before).toBeLessThan(0.1 * (running - before));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
