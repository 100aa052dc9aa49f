import { expect, test } from 'vitest';
import { sharedWork } from '../../src/core/shared-work.js';

test('many callers, one work; forgotten, it is done anew', async () => {
  let count = 0;
  const shared = sharedWork(async () => ++count);
  expect(await Promise.all([1, 2, 3].map(() => shared.get(undefined)))).toEqual([1, 1, 1]);
  expect(await shared.get(undefined)).toBe(1);
  shared.forget();
  expect(await shared.get(undefined)).toBe(2);
});

test('one who only waits can stop waiting; the work goes on', async () => {
  let finish = (_: string): void => {};
  const shared = sharedWork(
    () =>
      new Promise<string>((resolve) => {
        finish = resolve;
      }),
  );
  const first = shared.get(undefined);
  const controller = new AbortController();
  const second = shared.get(controller.signal);
  controller.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  finish('done');
  expect(await first).toBe('done');
});

test('a failure is that of the caller who began; the next one tries', async () => {
  let count = 0;
  const shared = sharedWork(async () => {
    count += 1;
    await Promise.resolve();
    if (count === 1) throw new Error('first');
    return count;
  });
  const [first, second] = await Promise.allSettled([shared.get(undefined), shared.get(undefined)]);
  expect(first).toMatchObject({ status: 'rejected', reason: { message: 'first' } });
  expect(second).toEqual({ status: 'fulfilled', value: 2 });
});
