import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { domainAdapter, motionLora } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { expect, it } from 'vitest';
import {
  animations,
  cameraAnimations,
  cameraShare,
  captionShares,
  meanWatermark,
  withModel,
} from '../../scripts/embedded/evaluation.ts';

const model = resolve(import.meta.dirname, '../../models/embedded');
const adapter = (name: string) => fileSource(join(model, `adapters/${name}.safetensors`));

it('is at most 12 MB', () => {
  const files = readdirSync(model, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce((sum, file) => sum + statSync(join(model, file)).size, 0);
  expect(bytes).toBeLessThan(12e6);
});

it('shows what its captions say, without a trace of the watermark of the clips that it learned motion from', async () => {
  const made = await withModel({}, (pipeline) => animations(pipeline, 6));
  const { background, colour, shape } = captionShares(made);
  expect([background, colour]).toEqual([1, 1]);
  expect(shape).toBeGreaterThanOrEqual(5 / 6);
  const inPlace = await withModel({ adapters: [domainAdapter(adapter('domain-adapter'))] }, (pipeline) =>
    animations(pipeline, 2),
  );
  expect(meanWatermark(made) / meanWatermark(inPlace)).toBeLessThan(0.2);
}, 300_000);

it('zooms in with its MotionLoRA', async () => {
  const made = await withModel({ adapters: [motionLora(adapter('motion-lora-zoom-in'))] }, (pipeline) =>
    cameraAnimations(pipeline, 'zoom-in', 3),
  );
  expect(cameraShare(made, 'zoom-in')).toBe(1);
}, 300_000);
