import type { TrainingEvent } from '../../src/training/training-events.ts';
import { writeFile } from './stage-files.ts';

/** Tells on stderr how a stage goes, with the time left, and keeps its checkpoints in a file. */
export function stageProgress(name: string, checkpoint: string): (event: TrainingEvent) => Promise<void> {
  let [began, from, sum, count] = [Date.now(), 0, 0, 0];
  return async (event) => {
    if (event.type === 'training-start') {
      [began, from] = [Date.now(), event.from];
      console.error(`${name}: ${event.parameters} parameters, from step ${event.from} of ${event.steps}`);
    }
    if (event.type === 'checkpoint') await writeFile(checkpoint, event.bytes);
    if (event.type !== 'training-step') return;
    [sum, count] = [sum + event.loss, count + 1];
    const done = event.step + 1;
    if (done % 20 !== 0 && done !== event.steps) return;
    const each = (Date.now() - began) / 1000 / (done - from);
    const left = (each * (event.steps - done)) / 60;
    console.error(
      `${name}: step ${done}/${event.steps}, loss ${(sum / count).toFixed(4)}, gradient ${event.gradientNorm.toFixed(3)}, ${each.toFixed(2)} s a step, ${left.toFixed(1)} min left`,
    );
    [sum, count] = [0, 0];
  };
}
