import type { TrainingEvent, TrainingStepEvent } from '../training.js';
import type { CommandContext } from './command.js';
import { jsonText } from './format.js';
import { type ProgressLine, progressLine, silentLine } from './progress-line.js';

/** Tells how a training run goes. */
export interface TrainReporter {
  event(event: TrainingEvent): void;
  written(path: string): void;
  /** Clears what would stand in the way of other lines. */
  end(): void;
}

/**
 * For people: a progress line with loss, gradient and the time left.
 * @param now Milliseconds on a clock that only goes forward.
 */
export function textTrainReporter(
  { stderr }: Pick<CommandContext, 'stderr'>,
  quiet: boolean,
  now: () => number = () => performance.now(),
): TrainReporter {
  const line: ProgressLine = quiet ? silentLine : progressLine(stderr);
  const clock = stepClock(now);
  return {
    event(event) {
      if (event.type === 'clip-encoded') {
        line.show('encoding', event.done / event.total, undefined, `${event.done}/${event.total}`);
      }
      if (event.type === 'training-step') {
        const left = clock.secondsLeft(event);
        line.show('training', (event.step + 1) / event.steps, left, stepText(event));
      }
      // What an event's listener does is no part of the next step.
      clock.mark();
    },
    written() {
      clock.mark();
    },
    end: () => line.end(),
  };
}

/** For programs: one object a line, without the bytes of files. */
export function jsonTrainReporter({ out }: Pick<CommandContext, 'out'>): TrainReporter {
  return {
    event: (event) => out(jsonText(event)),
    written: (path) => out(jsonText({ type: 'file-written', path })),
    end() {},
  };
}

function stepText({ step, steps, loss, gradientNorm }: TrainingStepEvent): string {
  return `${step + 1}/${steps}, loss ${loss.toPrecision(3)}, gradient ${gradientNorm.toPrecision(3)}`;
}

/** Times steps alone, not what is made or written between them. */
function stepClock(now: () => number): { mark(): void; secondsLeft(event: TrainingStepEvent): number } {
  let [last, sum, count] = [now(), 0, 0];
  return {
    mark() {
      last = now();
    },
    secondsLeft({ step, steps }) {
      sum += now() - last;
      count += 1;
      return ((sum / count) * (steps - step - 1)) / 1000;
    },
  };
}
