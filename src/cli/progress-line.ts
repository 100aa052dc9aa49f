import { secondsText } from './format.js';

/** Shows how far long work is, on one line of a terminal, or as a line now and then elsewhere. */
export interface ProgressLine {
  /**
   * @param phase What is going on: a log without a terminal gets a line when it changes.
   * @param share From 0 to 1.
   * @param detail Told behind the phase, such as `3/25`.
   */
  show(phase: string, share: number, secondsLeft: number | undefined, detail?: string): void;
  /** Ends the line, so that something else can be printed. */
  end(): void;
}

/** What is written to: standard error, usually. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows nothing. */
export const silentLine: ProgressLine = { show() {}, end() {} };

const barWidth = 24;

/** @param now Milliseconds on a clock that only goes forward. */
export function progressLine(
  stream: ProgressStream,
  now: () => number = () => performance.now(),
): ProgressLine {
  const terminal = stream.isTTY === true;
  let shown = '';
  let last = Number.NEGATIVE_INFINITY;
  let phase = '';
  return {
    show(current, share, secondsLeft, detail = '') {
      const done = share >= 1;
      // A terminal is redrawn ten times a second; a log gets a line when a phase begins or ends, and every ten seconds.
      if (!done && current === phase && now() - last < (terminal ? 100 : 10_000)) return;
      phase = current;
      const what = `${current} ${detail}`.trimEnd();
      last = now();
      const left = secondsLeft === undefined || done ? '' : `, ${secondsText(secondsLeft)} left`;
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      if (!terminal) {
        stream.write(`${what}: ${percent.trim()}${left}\n`);
        return;
      }
      const filled = Math.round(share * barWidth);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
      // Terminals that cannot tell their width say 0.
      const line = `${what.padEnd(22)} ${bar} ${percent}${left}`.slice(0, (stream.columns || 80) - 1);
      stream.write(`\r${line.padEnd(shown.length)}`);
      shown = line;
    },
    end() {
      if (terminal && shown !== '') stream.write(`\r${' '.repeat(shown.length)}\r`);
      shown = '';
      phase = '';
    },
  };
}
