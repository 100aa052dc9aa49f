import * as z from 'zod/mini';
import { AnimateDiffError } from '../core/errors.js';
import { type SpacingOptions, spacingShape } from './discrete-schedule.js';
import type { OptionShape, Resolved } from './option-shape.js';
import type { SigmaSpacing } from './sigma-spacing.js';

/** Which noise levels a run visits; at most one of the rules, or a list of one's own. */
export interface SigmaOptions extends SpacingOptions {
  /** Whether the levels are spread as Karras et al. 2022 do. Default false. */
  useKarrasSigmas?: boolean | undefined;
  /** Whether the levels are spread evenly in log σ. Default false. */
  useExponentialSigmas?: boolean | undefined;
  /** Whether the levels are spread by a beta distribution (Lee et al. 2024). Default false. */
  useBetaSigmas?: boolean | undefined;
  /** Whether the levels are spread evenly in log σ on whole timesteps (Lu et al. 2022). Default false. */
  useLuLambdas?: boolean | undefined;
  /** Lowest σ of the rules above, before the end. Default: the lowest that the timesteps give. */
  sigmaMin?: number | undefined;
  /** Highest σ of the rules above. Default: the highest that the timesteps give. */
  sigmaMax?: number | undefined;
  /** The levels themselves, falling, with the one to end on (usually 0). A run must ask for one step less than there are. */
  sigmas?: readonly number[] | undefined;
}

/** The shape of {@link SigmaOptions}; `linspace` is the default spacing. */
export function sigmaShape(): OptionShape<SigmaOptions> {
  const level = (): z.ZodMiniType<number | undefined> => z.optional(z.number().check(z.gt(0)));
  return {
    ...spacingShape('linspace'),
    useKarrasSigmas: z._default(z.boolean(), false),
    useExponentialSigmas: z._default(z.boolean(), false),
    useBetaSigmas: z._default(z.boolean(), false),
    useLuLambdas: z._default(z.boolean(), false),
    sigmaMin: level(),
    sigmaMax: level(),
    sigmas: z.optional(z.array(z.number().check(z.gte(0))).check(z.minLength(2))),
  };
}

const rules = [
  ['useKarrasSigmas', 'karras'],
  ['useExponentialSigmas', 'exponential'],
  ['useBetaSigmas', 'beta'],
  ['useLuLambdas', 'lu'],
] as const;

/**
 * The rule that was chosen, if any.
 * @throws `invalid-options` when options contradict each other, or levels that were given do not fall.
 */
export function sigmaSpacingOf(config: Resolved<SigmaOptions>, name: string): SigmaSpacing | undefined {
  const { timesteps, sigmas, sigmaMin, sigmaMax } = config;
  const chosen = rules.filter(([option]) => config[option]);
  const sources = [
    ...chosen.map(([option]) => option),
    ...(timesteps ? ['timesteps'] : []),
    ...(sigmas ? ['sigmas'] : []),
  ];
  if (sources.length > 1) {
    refuse(`${name}: ${sources.join(' and ')} each choose the noise levels; give one of them`);
  }
  if ((sigmaMin !== undefined || sigmaMax !== undefined) && chosen.length === 0) {
    refuse(`${name}: sigmaMin and sigmaMax belong to a rule such as useKarrasSigmas; give one`);
  }
  if (sigmaMin !== undefined && sigmaMax !== undefined && sigmaMin >= sigmaMax) {
    refuse(`${name}: sigmaMin ${sigmaMin} is not below sigmaMax ${sigmaMax}`);
  }
  const wrong = sigmas?.findIndex((sigma, i) => i > 0 && sigma >= sigmas[i - 1]!) ?? -1;
  if (wrong >= 0) refuse(`${name}: sigmas[${wrong}] is not smaller than the one before`);
  return chosen[0]?.[1];
}

function refuse(message: string): never {
  throw new AnimateDiffError('invalid-options', message);
}
