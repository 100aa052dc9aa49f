import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkScheduler, openSchedulerReference } from '../../scripts/parity/scheduler-cases.js';

// Recorded runs of diffusers' schedulers in float32: schedules, model inputs and steps, with the noise they drew.
const reference = await openSchedulerReference(resolve(import.meta.dirname, '../fixtures/schedulers'));

describe('like diffusers', () => {
  test.each(reference.cases)('$name', async (recorded) => {
    const failed: string[] = [];
    let count = 0;
    for await (const { name, error, passed } of checkScheduler(recorded, reference.tensor)) {
      count++;
      if (!passed) failed.push(`${name}: ${error}`);
    }
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(2 * recorded.timesteps.length);
  });

  test('in a case of every class there is', () => {
    expect(new Set(reference.cases.map(({ scheduler }) => scheduler)).size).toBe(15);
  });
});
