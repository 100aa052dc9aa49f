import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from 'animatediff-js/media';
import { afterAll, expect, test } from 'vitest';
import { imageToAnimation } from '../../examples/image-to-animation.js';
import { ballFrames } from '../media/sample-frames.js';
import { fixture, tinyGeneration } from '../support/tiny-model.js';

const folder = mkdtempSync(join(tmpdir(), 'animatediff-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the animation from a picture is another than with a second picture at its end', async () => {
  const [first, last] = [join(folder, 'first.png'), join(folder, 'last.png')];
  const [a, b] = ballFrames(2, 50, 40);
  writeFileSync(first, await encodePng(a!));
  writeFileSync(last, await encodePng(b!));
  const files = {
    checkpoint: fixture('tiny-sd15/model'),
    motionModule: fixture('tiny-sd15/motion/v2.ckpt'),
    first,
  };
  const request = { ...tinyGeneration, width: 32, height: 32, guidanceScale: 1 };
  const one = await imageToAnimation(files, request);
  const two = await imageToAnimation({ ...files, last }, request);
  expect([one.frames.length, two.frames.length]).toEqual([2, 2]);
  expect(two.frames[1]).not.toEqual(one.frames[1]);
});
