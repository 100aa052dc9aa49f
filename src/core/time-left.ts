/** Estimates how long the rest of some equal steps will take. */
export interface TimeLeft {
  /**
   * Notes that one more step is done.
   * @returns Seconds until the last one will be; `undefined` until that can be told.
   */
  stepDone(): number | undefined;
}

/**
 * Times steps from now on. The estimate takes the median of the latest steps, so that one slow step (a warm-up, another
 * program) does not spoil it.
 * @param total Number of steps.
 * @param now Milliseconds on a clock that only goes forward.
 */
export function timeLeft(total: number, now: () => number = () => performance.now()): TimeLeft {
  const latest: number[] = [];
  let before = now();
  let done = 0;
  return {
    stepDone() {
      const time = now();
      latest.push(time - before);
      if (latest.length > 9) latest.shift();
      before = time;
      done++;
      if (done >= total) return 0;
      // The first step alone tells little: it pays for warming up.
      if (done < 2) return undefined;
      const sorted = [...latest].sort((a, b) => a - b);
      // The lower of two middle ones: after two steps that is the one without the warm-up.
      return ((total - done) * sorted[(sorted.length - 1) >> 1]!) / 1000;
    },
  };
}
