import type { SamplingRequest, SamplingRun, Scheduler } from 'animatediff-js';
import { AnimateDiffError, euler, type NoiseOptions, restoreTorchRandom } from 'animatediff-js';

/** Which levels σ are gone through again, and how often. */
type RestartOptions = NoiseOptions & { from?: number; to?: number; times?: number };

/** Xu et al. 2023, "Restart Sampling for Improving Generative Processes", with Euler's steps. For models of noise. */
export function restart({ from = 2, to = 0.3, times = 2, ...noise }: RestartOptions = {}): Scheduler {
  const name = 'restart';
  // Euler's run knows the levels, and refuses steps and indices that cannot be.
  const levels = euler({ ...noise, useKarrasSigmas: true });
  const check = (holds: boolean, problem: string): void => {
    if (!holds) throw new AnimateDiffError('invalid-options', `${name}: ${problem}`);
  };
  check(levels.config['predictionType'] === 'epsilon', 'the model must predict noise');

  const begin = (request: SamplingRequest, first: number): SamplingRun => {
    const base = levels.start(request);
    const [zero, one] = [Float32Array.of(0), Float32Array.of(1)];
    const sigmas = [...base.timesteps.map((_, level) => base.addNoise(zero, one, level)[0]!), 0];
    const above = [...base.timesteps.keys()].filter((level) => sigmas[level]! > to);
    const again = Array<number[]>(times).fill(above.filter((level) => sigmas[level]! <= from));
    const visits = [...above, ...again.flat(), ...[...base.timesteps.keys()].slice(above.length)];
    let next = first;
    return {
      timesteps: visits.map((level) => base.timesteps[level]!),
      initialSigma: base.initialSigma,
      scaleInput: (sample, index) => base.scaleInput(sample, visits[index] ?? -1),
      addNoise: (clean, fresh, index) => base.addNoise(clean, fresh, visits[index] ?? -1),
      step(output, sample, index) {
        check(index === next && index < visits.length, `step ${index} was asked for, ${next} is next`);
        check(output.length === sample.length, 'the arrays differ in length');
        const level = visits[next++]!;
        const [sigma, lower] = [sigmas[level]!, sigmas[level + 1]!];
        const denoised = sample.map((x, i) => x - sigma * output[i]!);
        const moved = sample.map((x, i) => x + (lower - sigma) * output[i]!);
        // Where the next level is higher, fresh noise makes up the difference.
        const added = Math.sqrt(Math.max(0, sigmas[visits[next] ?? level + 1]! ** 2 - lower ** 2));
        if (added === 0) return { sample: moved, denoised };
        const fresh = request.random.normal(sample.length);
        return { sample: moved.map((x, i) => x + added * fresh[i]!), denoised };
      },
      state: () => ({ scheduler: name, index: next, values: { visits }, random: request.random.state() }),
    };
  };
  return {
    contract: 'scheduler/1',
    name,
    config: { ...levels.config, from, to, times },
    start: (request) => begin(request, 0),
    resume({ restoreRandom = restoreTorchRandom, ...request }, { scheduler, index, values, random }) {
      const run = begin({ ...request, random: restoreRandom(random) }, index);
      const same = scheduler === name && `${run.state().values['visits']}` === `${values['visits']}`;
      check(same && index >= 0 && index <= run.timesteps.length, 'the state is one of another run');
      return run;
    },
  };
}
