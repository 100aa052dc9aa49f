import { ortNode } from 'animatediff-js/node';
import { afterAll, expect, test, vi } from 'vitest';
import { memoryUse } from '../../bench/memory.js';
import { buildTrainingUnet } from '../../src/training/training-unet.js';
import { settledMemory } from '../support/settled-memory.js';
import { smallUnet } from './small-unet.js';
import { exampleFeeds, runOnce, sizesOf } from './tiny-training.js';

vi.setConfig({ testTimeout: 300_000 });

// In this process, whose memory is looked at.
const backend = ortNode({ isolation: 'none' });
afterAll(() => backend.dispose());

const { request, weights } = smallUnet();
const size = { batch: 3, frames: 4, height: 32, width: 32 };
const trained = [...weights.keys()].filter((name) => /motion_modules.*to_q/.test(name));

/** Bytes that steps take beyond the loaded network. */
async function peakOfSteps(steps: number, recompute: boolean): Promise<number> {
  const sizes = sizesOf(size);
  const artifact = await buildTrainingUnet({
    ...request,
    fed: new Set(trained),
    trained,
    recompute,
    sizes,
  });
  const session = await backend.createSession(artifact);
  const fed = trained.map((name) => {
    const { shape, data } = weights.get(name)!;
    return [name, { type: 'float32' as const, shape, data }] as const;
  });
  const feeds = { ...exampleFeeds({ unet: request }, size), ...Object.fromEntries(fed) };
  const before = await settledMemory();
  for (let step = 0; step < steps; step++) await runOnce(session, feeds);
  await session.dispose();
  return memoryUse().peak - before;
}

test.skipIf(process.platform !== 'linux')(
  'recomputation takes at most half of the memory, and a second step no more than the first',
  async () => {
    // The largest peak comes last.
    const recomputed = await peakOfSteps(2, true);
    const first = await peakOfSteps(1, false);
    const second = await peakOfSteps(2, false);
    expect(recomputed / first).toBeLessThan(0.5);
    expect(second / first).toBeLessThan(1.2);
  },
);
