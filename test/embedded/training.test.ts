import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { trainVae } from '../../scripts/embedded/vae-stage.ts';
import { ortNode } from '../../src/backends/ort-node.js';

it('goes on from a checkpoint to the same weights as without a break', { timeout: 120_000 }, async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'embedded-')));
  const backend = ortNode({ threads: 1 });
  const stage = { backend, steps: 4, images: 1, seed: 3, checkpointEvery: 2 };
  try {
    const whole = await trainVae({ ...stage, folder: folders[0] });
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const cut = trainVae({ ...stage, folder: folders[1], stop: stop.signal });
    await expect(cut).rejects.toThrow('stopped');
    const resumed = await trainVae({ ...stage, folder: folders[1] });
    for (const [name, { values }] of whole) expect(resumed.get(name)?.values, name).toEqual(values);
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
});
