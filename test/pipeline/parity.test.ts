import { ortNode } from 'animatediff-js/node';
import { expect, test } from 'vitest';
import { parityChecks } from '../../scripts/parity/checks.js';
import { openReference } from '../../scripts/parity/reference.js';
import { fixture } from '../support/tiny-model.js';

test('every recorded output of the tiny model is met to 1e-4 of its standard deviation', async () => {
  const failed: string[] = [];
  let count = 0;
  for await (const check of parityChecks(await openReference(fixture('tiny-sd15')), ortNode())) {
    count++;
    if (!check.passed) failed.push(`${check.name}: ${check.error}`);
  }
  expect(failed).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(20);
});
