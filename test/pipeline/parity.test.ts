import { ortNode } from 'animatediff-js/node';
import { expect, test } from 'vitest';
import { type Check, tolerance } from '../../scripts/parity/check.js';
import { parityChecks } from '../../scripts/parity/checks.js';
import { openReference } from '../../scripts/parity/reference.js';
import { fixture } from '../support/tiny-model.js';

test('every recorded output of the tiny model is met to 1e-4 of its standard deviation', {
  timeout: 600_000,
}, async () => {
  const failed: Check[] = [];
  let count = 0;
  for await (const check of parityChecks(await openReference(fixture('tiny-sd15')), ortNode())) {
    count++;
    if (!check.passed) failed.push(check);
  }
  // With some adapters this random network moves by more than the tolerance when the last bits of its input change: 1.5e-4
  // with one MotionLoRA, 1e-2 with all five adapters. Two float32 programs, or one on two processors, meet each other there
  // as nearly as it meets itself, twice; the reference itself lies 1.3e-3 from a float64 evaluation.
  const wellConditioned = failed.filter(({ sensitivity = 0 }) => sensitivity <= tolerance);
  expect(wellConditioned).toEqual([]);
  for (const { error, sensitivity = 0 } of failed) expect(error).toBeLessThan(2 * sensitivity);
  expect(count).toBeGreaterThanOrEqual(80);
});
