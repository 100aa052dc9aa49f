import { builtInSettings } from './built-in.js';
import type { ModelChoice, ModelSettings } from './model-choice.js';

/** Side of the pictures that the page proposes: smaller than the models were trained on, for the time that it takes. */
const proposedSide = 384;
/** What AnimateDiff's own modules want. */
const usual = { numFrames: 16, steps: 25, guidanceScale: 7.5 } as const;

/** What changes in the form when other files take the place of those before; `undefined`: nothing. */
export function settingsFor(before: ModelChoice, after: ModelChoice): ModelSettings | undefined {
  if (before.builtIn && after.builtIn) return undefined;
  if (after.builtIn) return builtInSettings;
  const size = before.builtIn ? { width: proposedSide, height: proposedSide } : {};
  const { motionModule } = after;
  if (motionModule === before.motionModule) return undefined;
  if (motionModule === undefined) return { ...size, numFrames: 1 };
  return { ...size, ...usual, ...motionModule.suits };
}
