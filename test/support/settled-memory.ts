import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Resident memory in bytes once garbage is collected and the number has come to rest, at the latest after five
 * seconds: what a test itself threw away is not what the library keeps.
 */
export async function settledMemory(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let lowest = Number.POSITIVE_INFINITY;
  for (let still = 0, tries = 0; still < 3 && tries < 50; tries++) {
    collect();
    await wait(100);
    const resident = process.memoryUsage.rss();
    still = resident < lowest - 1e6 ? 0 : still + 1;
    lowest = Math.min(lowest, resident);
  }
  return lowest;
}
