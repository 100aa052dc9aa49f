import type { BatchItem, LoadProgress, PipelineEvent } from '../index.js';
import type { CommandContext } from './command.js';
import { jsonText } from './format.js';
import { progressLine, silentLine } from './progress-line.js';

/** Tells how a generation goes. */
export interface Reporter {
  /** While the pipeline loads, before its first event. */
  load(progress: LoadProgress): void;
  event(event: PipelineEvent): void;
  /** Whose events follow, in a batch. */
  item(item: BatchItem): void;
  /** An animation of a batch has failed. */
  failed(error: unknown): void;
  /** @param share From 0 to 1. */
  writing(path: string, share: number): void;
  written(path: string): void;
  /** All files are written. */
  done(seed: number, paths: readonly string[]): void;
  /** Clears what would stand in the way of other lines. */
  end(): void;
}

/** For people: a progress line, warnings, and at the end the seed and the files. */
export function textReporter({ out, note, stderr }: CommandContext, quiet: boolean): Reporter {
  const line = quiet ? silentLine : progressLine(stderr);
  let which = '';
  const load = ({ phase, component, loaded, total, secondsLeft }: LoadProgress): void => {
    if (phase === 'open') return;
    const verb = phase === 'weights' ? 'reading' : 'starting';
    line.show(`${verb} ${component}`, total === 0 ? 1 : loaded / total, secondsLeft);
  };
  const count = (what: string, index: number, all: number, secondsLeft: number | undefined): void =>
    line.show(`${which}${what}`, (index + 1) / all, secondsLeft, `${index + 1}/${all}`);
  return {
    load,
    event(event) {
      if (event.type === 'warning') {
        line.end();
        note(`warning: ${event.warning.message}`);
      }
      if (event.type === 'load-progress') load(event.progress);
      if (event.type === 'step-end') count('denoising', event.step, event.steps, event.secondsLeft);
      if (event.type === 'frame-decoded') count('decoding', event.frame, event.frames, event.secondsLeft);
    },
    item({ index, count: all }) {
      which = `${index + 1} of ${all}: `;
    },
    failed(error) {
      line.end();
      note(`${which}${error instanceof Error ? error.message : String(error)}`);
    },
    writing: (path, share) => line.show(`writing ${path}`, share, undefined),
    written() {},
    done(seed, paths) {
      line.end();
      out(`seed ${seed}: ${paths.join(', ')}`);
    },
    end: () => line.end(),
  };
}

/** For programs: one object a line, without pixels and latents. */
export function jsonReporter({ out }: CommandContext): Reporter {
  let last = Number.NEGATIVE_INFINITY;
  let which: { readonly item?: BatchItem } = {};
  const load = (progress: LoadProgress): void => {
    // There is one for each tensor: begin, end, and ten a second between them are enough.
    const between = progress.loaded > 0 && progress.loaded < progress.total;
    if (between && performance.now() - last < 100) return;
    last = performance.now();
    out(jsonText({ type: 'load-progress', ...which, progress }));
  };
  return {
    load,
    event(event) {
      if (event.type === 'load-progress') load(event.progress);
      // The state is in a file.
      else if (event.type === 'checkpoint') out(jsonText({ type: event.type, ...which, step: event.step }));
      else out(jsonText({ ...event, ...which }));
    },
    item(item) {
      which = { item };
    },
    failed: (error) =>
      out(
        jsonText({
          type: 'job-error',
          ...which,
          message: error instanceof Error ? error.message : String(error),
        }),
      ),
    writing() {},
    written: (path) => out(jsonText({ type: 'file-written', ...which, path })),
    done() {},
    end() {},
  };
}
