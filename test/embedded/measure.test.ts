import { expect, it } from 'vitest';
import { agreement, measure, watermarkEnergy } from '../../scripts/embedded/measure.ts';
import { randomScene, renderFrame, renderScene } from '../../scripts/embedded/scenes.ts';
import { stockLook } from '../../scripts/embedded/stock-look.ts';
import { subjectAt } from '../../scripts/embedded/subjects.ts';

it('finds in rendered scenes what was rendered', () => {
  const right = { background: 0, colour: 0, shape: 0, motion: 0 };
  const count = 24;
  for (let index = 0; index < count; index++) {
    const subject = subjectAt(index);
    const found = agreement(subject, measure(renderScene(randomScene(5, index, subject))));
    for (const what of ['background', 'colour', 'shape', 'motion'] as const)
      right[what] += Number(found[what]);
  }
  expect(right.background).toBe(count);
  expect(right.colour).toBe(count);
  expect(right.shape).toBeGreaterThanOrEqual(count - 1);
  expect(right.motion).toBeGreaterThanOrEqual(count - 1);
});

it('tells how a camera moves', () => {
  const still = { motion: 'standing still', shape: 'square' } as const;
  const seen = (camera: 'zoom-in' | 'zoom-out' | 'pan-left' | 'roll') =>
    measure(renderScene(randomScene(6, 1, { ...still, camera })));
  expect(seen('zoom-in').growth).toBeGreaterThan(1.5);
  expect(seen('zoom-out').growth).toBeLessThan(0.67);
  expect(seen('pan-left').dx).toBeGreaterThan(15);
  expect(seen('roll').turn).toBeGreaterThan(1.5);
});

it('sees a watermark and nothing else', () => {
  const frame = renderFrame(randomScene(7, 0, { x: 32, y: 24, background: 'gray' }), 0);
  expect(watermarkEnergy([frame])).toBeLessThan(1);
  expect(watermarkEnergy([stockLook(frame)])).toBeGreaterThan(1000);
});

it('renders the same clip from the same seed', () => {
  const clip = (seed: number) => renderScene(randomScene(seed, 3)).map(({ data }) => [...data]);
  expect(clip(1)).toEqual(clip(1));
  expect(clip(1)).not.toEqual(clip(2));
});

it('meets every caption once', () => {
  const all = new Set(Array.from({ length: 4608 }, (_, index) => JSON.stringify(subjectAt(index))));
  expect(all.size).toBe(4608);
});
