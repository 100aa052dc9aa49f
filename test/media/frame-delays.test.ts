import { expect, test } from 'vitest';
import { frameDelays } from '../../src/media/frame-delays.js';

const hundredths = { format: 'GIF', perSecond: 100, min: 2, max: 65535 };

test('a rate that fits the unit gives equal delays', () => {
  expect(frameDelays(4, 10, hundredths)).toEqual([10, 10, 10, 10]);
});

test('a rate that does not fit alternates, so the whole keeps its length', () => {
  expect(frameDelays(4, 8, hundredths)).toEqual([13, 12, 13, 12]);
  const total = frameDelays(240, 24, hundredths).reduce((sum, delay) => sum + delay, 0);
  expect(total).toBe(1000);
});

test('a rate that players would not show as asked is refused with the range they do', () => {
  expect(() => frameDelays(4, 60, hundredths)).toThrow(
    'GIF: fps 60 is out of reach; players of this format show 0.0015 to 50',
  );
});
