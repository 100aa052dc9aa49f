import { expect, test } from 'vitest';
import { createMutex } from '../../src/backends/mutex.js';

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

test('tasks run one at a time, in the order of asking, also after one that throws', async () => {
  const mutex = createMutex();
  const log: string[] = [];
  const task = (name: string) => async () => {
    log.push(`${name} starts`);
    await pause();
    log.push(`${name} ends`);
    if (name === 'a') throw new Error(name);
  };
  const [a] = await Promise.allSettled(['a', 'b'].map((name) => mutex.run(task(name))));
  expect(a?.status).toBe('rejected');
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
});

test('an abort rejects at once; a waiting task never starts, one under way keeps the mutex', async () => {
  const mutex = createMutex();
  const controller = new AbortController();
  const log: string[] = [];
  const first = mutex.run(async () => {
    await pause();
    log.push('first ended');
  }, controller.signal);
  const second = mutex.run(async () => void log.push('second'), controller.signal);
  await Promise.resolve();
  controller.abort('stop');
  await expect(first).rejects.toBe('stop');
  await expect(second).rejects.toBe('stop');
  expect(log).toEqual([]);
  await mutex.run(async () => void log.push('third'));
  expect(log).toEqual(['first ended', 'third']);
});
