import * as z from 'zod/mini';
import { checkOptions } from '../../core/check-options.js';
import type { Warning } from '../../core/warnings.js';
import type { SchedulerFactory } from '../../schedulers/presets.js';
import { schedulerFromName } from '../../schedulers/scheduler-names.js';
import type { SchedulerChoice } from './worker-pipeline-options.js';

/** A sampler that was chosen by name. */
export interface ChosenScheduler {
  /** Makes it for a model's noise; `undefined` when none was chosen. */
  readonly scheduler: SchedulerFactory | undefined;
  /** What could not be as it was asked for. */
  readonly warnings: readonly Warning[];
}

/** Finds a sampler in the worker. @throws `invalid-options`; `unsupported` for a name that is not known. */
export function schedulerOfChoice(choice: SchedulerChoice | undefined): ChosenScheduler {
  if (choice === undefined) return { scheduler: undefined, warnings: [] };
  const text = z.string().check(z.minLength(1), z.maxLength(200));
  const schema = z.strictObject({ name: text, options: z.optional(z.record(z.string(), z.unknown())) });
  const given = typeof choice === 'string' ? { name: choice } : choice;
  type Checked = Exclude<SchedulerChoice, string>;
  const { name, options = {} } = checkOptions<Checked>(schema, given, 'scheduler');
  // Unknown names and options are told at once, not when the model is open.
  const { warnings } = schedulerFromName(name, options);
  return { scheduler: (noise) => schedulerFromName(name, { ...noise, ...options }).scheduler, warnings };
}
