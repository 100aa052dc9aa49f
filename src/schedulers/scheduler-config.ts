import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import { type ConfigClass, configClasses } from './config-classes.js';
import type { Scheduler } from './scheduler.js';

/** A sampler read from a model folder, or found by a name. */
export interface ConfiguredScheduler {
  /** The sampler. */
  readonly scheduler: Scheduler;
  /** What could not be taken over as it is. */
  readonly warnings: readonly Warning[];
}

/**
 * The sampler of a diffusers folder's `scheduler/scheduler_config.json`, with diffusers' own defaults for what the file
 * leaves out (they are not AnimateDiff's). Fields that its class does not have are left alone, as diffusers does.
 *
 * @param json The parsed file.
 * @param name For errors: the file's name.
 * @param overrides Options that win over the file's, under our names.
 * @throws `unsupported` for other classes and for flow models; `invalid-options` for values that cannot be.
 */
export function schedulerFromConfig(
  json: unknown,
  name = 'scheduler_config.json',
  overrides: Readonly<Record<string, unknown>> = {},
): ConfiguredScheduler {
  const config = recordOf(json, name);
  const className = config['_class_name'];
  const known = typeof className === 'string' && Object.hasOwn(configClasses, className);
  if (!known) {
    throw new AnimateDiffError(
      typeof className === 'string' ? 'unsupported' : 'invalid-options',
      `${name}: _class_name ${JSON.stringify(className)} is none of ${Object.keys(configClasses).join(', ')}; ` +
        'give a scheduler of your own, such as ddim()',
    );
  }
  const scheduler = make(configClasses[className]!, config, className, name, overrides);
  const prk = className === 'PNDMScheduler' && config['skip_prk_steps'] !== true;
  return { scheduler, warnings: prk ? [prkWarning(name)] : [] };
}

function make(
  { make, fields, aliases = {}, only = {} }: ConfigClass,
  config: Readonly<Record<string, unknown>>,
  className: string,
  name: string,
  overrides: Readonly<Record<string, unknown>>,
): Scheduler {
  for (const [field, values] of Object.entries(only)) {
    const value = config[field] ?? values[0];
    if (values.includes(value)) continue;
    throw new AnimateDiffError(
      'unsupported',
      `${name}: ${field} ${JSON.stringify(value)} of ${className} is not supported`,
    );
  }
  const options: Record<string, unknown> = {};
  for (const [field, usual] of Object.entries(fields)) {
    const value = config[field] ?? usual;
    const alias = typeof value === 'string' ? aliases[field]?.[value] : undefined;
    if (isInfinite(value)) continue;
    options[camelCase(field)] = alias ?? value;
  }
  // Trained betas say how many levels there are.
  if (options['trainedBetas'] !== undefined) delete options['numTrainTimesteps'];
  try {
    return make({ ...options, ...overrides });
  } catch (error) {
    if (!AnimateDiffError.isInstance(error)) throw error;
    throw new AnimateDiffError(error.code, `${name}: ${error.message}`, {
      cause: error,
      details: error.details,
    });
  }
}

/** JSON has no infinity; writers help themselves with words. */
function isInfinite(value: unknown): boolean {
  return typeof value === 'string' && /^-?inf(inity)?$/i.test(value);
}

function camelCase(field: string): string {
  return field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function recordOf(json: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw new AnimateDiffError('invalid-options', `${name}: expected an object with _class_name`);
}

function prkWarning(name: string): Warning {
  return {
    code: 'scheduler-substituted',
    message: `${name} asks for PNDM's Runge-Kutta warm-up, which is left out; the model is evaluated less often, and images may differ slightly`,
  };
}
