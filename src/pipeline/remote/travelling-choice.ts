import { AnimateDiffError } from '../../core/errors.js';
import type { SchedulerChoice } from './worker-pipeline-options.js';

/**
 * A sampler's name on its way to a worker.
 * @throws `invalid-options` for a sampler itself, whose methods cannot be sent.
 */
export function travellingChoice(choice: SchedulerChoice | undefined): SchedulerChoice | undefined {
  const itself =
    typeof choice === 'function' || (typeof choice === 'object' && choice !== null && 'contract' in choice);
  if (!itself) return choice;
  throw new AnimateDiffError(
    'invalid-options',
    "scheduler: a sampler cannot be sent to a worker; give its name, such as 'euler', or { name: 'euler', options: { … } }",
    { details: { option: 'scheduler' } },
  );
}
