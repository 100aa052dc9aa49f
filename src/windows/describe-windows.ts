import { type ContextOptions, type ResolvedContext, resolveContext } from './context-options.js';
import { checkCount } from './frame-count.js';
import { coverageOf, type FrameWindow } from './frame-window.js';
import { windowsAt } from './windows-at.js';

/** The run that windows are planned for. */
export interface WindowRun {
  /** Frames of the animation. */
  readonly numFrames: number;
  /** Denoising steps, at most 10 000. */
  readonly steps: number;
  /** Positions of the motion module: 24 for v1, 32 for v2 and v3. Default 32. */
  readonly maxFrames?: number | undefined;
}

/** The windows of one step. */
export interface StepWindows {
  /** Index of the step. */
  readonly step: number;
  /** Frames of each window, in the order of evaluation. */
  readonly windows: readonly FrameWindow[];
  /** How many windows hold each frame, `numFrames` numbers. */
  readonly coverage: readonly number[];
  /** Runs of the UNet: one a window, each with both halves of the guidance. */
  readonly evaluations: number;
}

/** What {@link describeWindows} tells; plain data. */
export interface WindowPlan {
  /** Frames of the animation. */
  readonly numFrames: number;
  /** The options, with what was left open filled in. */
  readonly context: ResolvedContext;
  /** Whether all frames go through in one window at every step, as without context windows. */
  readonly plain: boolean;
  /** Each step's windows, in order. */
  readonly steps: readonly StepWindows[];
  /** Runs of the UNet in all steps together. */
  readonly evaluations: number;
}

/**
 * Tells which windows a generation would evaluate at each step, without running anything.
 * @throws `invalid-options` that names the option.
 */
export function describeWindows(options: ContextOptions | undefined, run: WindowRun): WindowPlan {
  const { numFrames, steps: count, maxFrames = 32 } = run;
  checkCount('steps', count, 1, 10_000);
  const context = resolveContext(options, numFrames, maxFrames);
  const steps = Array.from({ length: count }, (_, step): StepWindows => {
    const windows = windowsAt(context, numFrames, step);
    return { step, windows, coverage: coverageOf(windows, numFrames), evaluations: windows.length };
  });
  return {
    numFrames,
    context,
    plain: steps.every(({ windows }) => isPlain(windows, numFrames)),
    steps,
    evaluations: steps.reduce((sum, { evaluations }) => sum + evaluations, 0),
  };
}

/** Whether a step's windows are a single one with all frames in order, so that there is nothing to fuse. */
export function isPlain(windows: readonly FrameWindow[], numFrames: number): boolean {
  const [window, ...others] = windows;
  return (
    others.length === 0 &&
    window?.length === numFrames &&
    window.every((frame, position) => frame === position)
  );
}
