import { expect, test } from 'vitest';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';

test.each(['unet', 'vae_decoder'])(
  'who leaves while the %s is loaded lets go of it: its graph can change afterwards',
  async (component) => {
    await using pipeline = await loadTiny({ residency: 'one' });
    let left = false;
    for await (const event of pipeline.stream(tinyGeneration)) {
      if (event.type !== 'load-progress' || event.progress.component !== component) continue;
      left = true;
      break;
    }
    expect(left).toBe(true);
    // Another form of the UNet is refused while one is held.
    const { frames } = await pipeline.generate({ ...tinyGeneration, freeU: true });
    expect(frames).toHaveLength(tinyGeneration.numFrames);
  },
);
