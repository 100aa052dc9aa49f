import type { LoadProgressEvent } from './events.js';
import type { HoldOptions, NetworkName, Networks } from './networks.js';
import type { ProgressReports } from './progress-reports.js';

/**
 * Brings networks into memory, with progress as events, until the function that is returned is called. Nothing stays held
 * when one of them fails, or when whoever drives this leaves meanwhile.
 * @param reports Told also of what the networks report later, of their first runs.
 */
export function heldNetworks(
  networks: Networks,
  names: readonly NetworkName[],
  options: Omit<HoldOptions, 'onProgress'>,
  { tell, during }: ProgressReports,
): AsyncGenerator<LoadProgressEvent, () => Promise<void>, undefined> {
  return during(
    async () => {
      const held: (() => Promise<void>)[] = [];
      const letGo = async (): Promise<void> => void (await Promise.all(held.map((done) => done())));
      try {
        for (const name of names) {
          held.push((await networks.hold(name, { ...options, onProgress: tell })).done);
        }
        return letGo;
      } catch (error) {
        await letGo();
        throw error;
      }
    },
    (letGo) => letGo(),
  );
}
