import { resolveContext } from '../../src/windows/context-options.js';
import { areSound, type FrameWindow } from '../../src/windows/frame-window.js';
import { windowsAt } from '../../src/windows/windows-at.js';

/** One recorded step, as in `context-windows.json`. */
export interface WindowCase {
  kind: 'looped' | 'standard' | 'static' | 'batched';
  n: number;
  length: number;
  overlap: number;
  stride: number;
  step: number;
  closed: boolean;
  windows: number[][];
  /** Whether the recorded windows are sound, so that ours must equal them. */
  valid: boolean;
}

/** Our windows for a case. Options that the schedule does not have are left out, since the file gives them to all. */
export function windowsOfCase({ kind, n, length, overlap, stride, step, closed }: WindowCase): FrameWindow[] {
  const uniform = kind === 'looped' || kind === 'standard';
  const context = resolveContext(
    {
      schedule: kind,
      length,
      overlap: kind === 'batched' ? undefined : overlap,
      stride: uniform ? stride : undefined,
      closedLoop: kind === 'looped' ? closed : undefined,
      useOnEqualLength: true,
    },
    n,
    length,
  );
  return windowsAt(context, n, step);
}

/** What is wrong with our windows for a case, or `undefined`. Unsound recordings are not followed: ours must be sound. */
export function failureOf(reference: WindowCase): string | undefined {
  try {
    const ours = windowsOfCase(reference);
    if (!reference.valid) return areSound(ours, reference.n) ? undefined : `unsound: ${JSON.stringify(ours)}`;
    if (JSON.stringify(ours) === JSON.stringify(reference.windows)) return undefined;
    return `expected ${JSON.stringify(reference.windows)}, got ${JSON.stringify(ours)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
