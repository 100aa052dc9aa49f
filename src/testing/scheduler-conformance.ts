import { torchRandom } from '../core/torch-random.js';
import type { SamplingRequest, Scheduler, SchedulerState } from '../schedulers/scheduler.js';
import type { ConformanceCase } from './conformance.js';
import {
  advance,
  check,
  checkClose,
  checkRefused,
  checkSame,
  drive,
  finish,
  levelAt,
  moments,
  recording,
  trialModel,
  trialRequest,
  trialSize,
  trialStart,
  trialSteps,
} from './scheduler-trial.js';

/** What {@link schedulerConformance} cannot tell by itself. */
export interface SchedulerConformanceOptions {
  /** What the model's output means. Default: `config.predictionType`, or `epsilon`. */
  readonly predictionType?: 'epsilon' | 'v_prediction' | 'sample' | undefined;
  /**
   * Whether the last sample is the last clean prediction. Default true; false for samplers that end with some noise,
   * or whose last step mixes in earlier predictions.
   */
  readonly endsClean?: boolean | undefined;
  /**
   * Whether each sample is shown to the model at the level that `addNoise` knows for that step. Default true; false
   * for samplers whose intermediate evaluations lie between those levels, or that add noise before they step.
   */
  readonly exactDenoised?: boolean | undefined;
  /** Whether no step is noisier than the one before. Default true; false for samplers that go back up, as restarts do. */
  readonly levelsFall?: boolean | undefined;
  /** Whether the model sees samples of variance 1. Default true; false for flow matching, whose samples have less. */
  readonly unitVariance?: boolean | undefined;
}

/**
 * The checks that every {@link Scheduler} passes, ours and yours. The scheduler must take 6 steps.
 * @param make Makes the scheduler under test; called anew for every case.
 */
export function schedulerConformance(
  make: () => Scheduler,
  options: SchedulerConformanceOptions = {},
): ConformanceCase[] {
  const { endsClean = true, exactDenoised = true, levelsFall = true, unitVariance = true } = options;
  const cases: [boolean | undefined, string, (scheduler: Scheduler) => void][] = [
    [true, 'names its contract and describes itself as plain data', describesItself],
    [true, 'keeps the shape and stays finite at every step', staysFinite],
    [true, 'gives the same result for the same noise', isDeterministic],
    [true, 'draws noise from the given source only', drawsFromSourceOnly],
    [true, 'changes neither its arguments nor its configuration', isPure],
    [true, 'keeps runs apart', keepsRunsApart],
    [true, 'resumes bit-exactly at every step, also from stored state', (it) => resumes(it, structuredClone)],
    [true, 'resumes bit-exactly at every step from state kept as JSON', (it) => resumes(it, throughJson)],
    [true, 'refuses a state that is not its own', refusesForeignState],
    [true, 'noises clean latents linearly, to the mean and variance of the level', noisesLinearly],
    [levelsFall, 'is never noisier than at the step before', noisesLess],
    [
      unitVariance,
      'shows the model unit variance at every noise level',
      (it) => scalesToUnitVariance(it, exactDenoised ?? true),
    ],
    [true, 'runs fewer steps at a lower strength', followsStrength],
    [exactDenoised, 'finds the clean latents of a model that knows them', (it) => findsTruth(it, options)],
    [endsClean, 'ends on its last clean prediction', endsOnDenoised],
    [true, 'refuses steps, strength and arrays that cannot be', refusesNonsense],
  ];
  return cases
    .filter(([applies]) => applies)
    .map(([, name, run]) => ({ name, run: async () => run(make()) }));
}

function describesItself(scheduler: Scheduler): void {
  check(scheduler.contract === 'scheduler/1', `contract is '${scheduler.contract}', expected 'scheduler/1'`);
  check(scheduler.name !== '', 'name is empty');
  check(
    snapshot(structuredClone(scheduler.config)) === snapshot(scheduler.config),
    'config is not plain data',
  );
}

function staysFinite(scheduler: Scheduler): void {
  const run = scheduler.start(trialRequest());
  check(run.timesteps.length >= trialSteps, `${run.timesteps.length} evaluations for ${trialSteps} steps`);
  check(run.timesteps.every(Number.isFinite), 'a timestep is not finite');
  check(run.initialSigma > 0 && Number.isFinite(run.initialSigma), `initialSigma is ${run.initialSigma}`);
  drive(run, trialStart(run), 0, (index, { scaled, sample, denoised }) => {
    for (const [what, values] of Object.entries({ scaled, sample, denoised })) {
      check(
        values instanceof Float32Array && values.length === trialSize,
        `step ${index}: ${what} has another shape`,
      );
      check(values.every(Number.isFinite), `step ${index}: ${what} is not finite`);
    }
  });
}

function isDeterministic(scheduler: Scheduler): void {
  checkSame(
    finish(scheduler.start(trialRequest(7))),
    finish(scheduler.start(trialRequest(7))),
    'two equal runs differ',
  );
}

function drawsFromSourceOnly(scheduler: Scheduler): void {
  const silent = recording(() => new Float32Array(trialSize));
  const still = finish(scheduler.start({ ...trialRequest(), random: silent }));
  const random = torchRandom(3);
  const noisy = recording((count) => random.normal(count));
  const result = finish(scheduler.start({ ...trialRequest(), random: noisy }));
  check(noisy.draws.length === silent.draws.length, 'the number of draws depends on what was drawn');
  check(
    noisy.draws.every((count) => count === trialSize),
    `draws of ${noisy.draws} for latents of ${trialSize}`,
  );
  if (noisy.draws.length === 0) {
    checkSame(result, still, 'no noise was drawn, yet runs differ');
  } else {
    check(
      result.some((value, i) => value !== still[i]),
      'noise was drawn, but not used',
    );
  }
}

function isPure(scheduler: Scheduler): void {
  const before = snapshot(scheduler.config);
  const run = scheduler.start(trialRequest());
  const [sample, noise] = [trialStart(run), torchRandom(8).normal(trialSize)];
  const [kept, keptNoise] = [sample.slice(), noise.slice()];
  const scaled = run.scaleInput(sample, 0);
  check(scaled.buffer !== sample.buffer, 'scaleInput gives back its argument instead of a new array');
  const noised = run.addNoise(sample, noise, 0);
  check(
    noised.buffer !== sample.buffer && noised.buffer !== noise.buffer,
    'addNoise gives back one of its arguments instead of a new array',
  );
  const output = trialModel(scaled, run.timesteps[0]!);
  const keptOutput = output.slice();
  const step = run.step(output, sample, 0);
  checkSame(sample, kept, 'a step changed the sample it was given');
  checkSame(noise, keptNoise, 'addNoise changed the noise it was given');
  checkSame(output, keptOutput, "a step changed the model's output");
  for (const made of [step.sample, step.denoised]) {
    check(
      made.buffer !== sample.buffer && made.buffer !== output.buffer,
      'a step gives back one of its arguments',
    );
  }
  check(snapshot(scheduler.config) === before, 'running changed the configuration');
}

function keepsRunsApart(scheduler: Scheduler): void {
  const alone = finish(scheduler.start(trialRequest(1)));
  const [first, second] = [scheduler.start(trialRequest(1)), scheduler.start(trialRequest(2))];
  let mine = trialStart(first);
  let other = trialStart(second);
  for (let index = 0; index < first.timesteps.length; index++) {
    mine = advance(first, mine, index).sample;
    other = advance(second, other, index).sample;
  }
  checkSame(mine, alone, 'a second run at the same time changes the first');
}

/** @param stored What becomes of a state between pausing and resuming. */
function resumes(scheduler: Scheduler, stored: (state: SchedulerState) => SchedulerState): void {
  const whole = scheduler.start(trialRequest(5));
  const states = [whole.state()];
  const samples = [trialStart(whole)];
  drive(whole, samples[0]!.slice(), 0, (_, { sample, denoised }) => {
    samples.push(sample.slice());
    states.push(whole.state());
    // The prediction is the caller's: whatever becomes of it, the run goes on as it would.
    if (denoised.buffer !== sample.buffer) denoised.fill(Number.NaN);
  });
  for (const [index, state] of states.entries()) {
    check(state.index === index, `state().index is ${state.index} before step ${index}`);
    const resumed = scheduler.resume({ steps: trialSteps, strength: 1 }, stored(state));
    drive(resumed, samples[index]!, index, (at, { sample }) => {
      checkSame(sample, samples[at + 1]!, `resumed before step ${index}, step ${at} differs`);
    });
  }
}

/** JSON has no typed arrays: whoever keeps a state so makes them lists. */
function throughJson(state: SchedulerState): SchedulerState {
  const lists = (_: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  return JSON.parse(JSON.stringify(state, lists)) as SchedulerState;
}

function refusesForeignState(scheduler: Scheduler): void {
  const state = scheduler.start(trialRequest()).state();
  const resume = (wrong: SchedulerState) => () => scheduler.resume({ steps: trialSteps, strength: 1 }, wrong);
  checkRefused('the state of another sampler', resume({ ...state, scheduler: `not-${scheduler.name}` }));
  checkRefused('a state past the end', resume({ ...state, index: 1e6 }));
}

function noisesLinearly(scheduler: Scheduler): void {
  const run = scheduler.start(trialRequest());
  const count = 20_000;
  const clean = torchRandom(11)
    .normal(count)
    .map((value) => 0.5 + 2 * value);
  const noise = torchRandom(12).normal(count);
  for (let index = 0; index < run.timesteps.length; index++) {
    const { signal, spread } = levelAt(run, index);
    check(spread >= 0 && signal >= 0, `step ${index} has signal ${signal} and spread ${spread}`);
    const made = run.addNoise(clean, noise, index);
    const expected = clean.map((value, i) => signal * value + spread * noise[i]!);
    checkClose(made, expected, 1e-5, `addNoise at step ${index} is not signal × clean + spread × noise`);
    const { mean, variance } = moments(made);
    const deviation = Math.sqrt(4 * signal ** 2 + spread ** 2);
    check(
      Math.abs(mean - 0.5 * signal) < 0.05 * deviation && Math.abs(variance / deviation ** 2 - 1) < 0.05,
      `addNoise at step ${index} makes mean ${mean} and variance ${variance}`,
    );
  }
}

function noisesLess(scheduler: Scheduler): void {
  const run = scheduler.start(trialRequest());
  let last = Number.POSITIVE_INFINITY;
  for (let index = 0; index < run.timesteps.length; index++) {
    const { signal, spread } = levelAt(run, index);
    const ratio = spread / signal;
    // Equal levels are evaluations of the same one.
    check(ratio <= last * (1 + 1e-6), `step ${index} is noisier than the one before`);
    last = ratio;
  }
}

function scalesToUnitVariance(scheduler: Scheduler, everywhere: boolean): void {
  const run = scheduler.start(trialRequest());
  const count = 20_000;
  const [clean, noise] = [torchRandom(21).normal(count), torchRandom(22).normal(count)];
  const checkUnit = (sample: Float32Array, index: number, where: string): void => {
    const { variance } = moments(run.scaleInput(sample, index));
    check(Math.abs(variance - 1) < 0.05, `the model would see variance ${variance} at ${where}`);
  };
  for (let index = 0; index < (everywhere ? run.timesteps.length : 1); index++) {
    checkUnit(run.addNoise(clean, noise, index), index, `step ${index}`);
  }
  const start = noise.map((value) => value * run.initialSigma);
  checkUnit(start, 0, 'the start');
}

function followsStrength(scheduler: Scheduler): void {
  const all = scheduler.start(trialRequest()).timesteps;
  const half = scheduler.start({ ...trialRequest(), strength: 0.5 });
  check(
    half.timesteps.length >= 1 && half.timesteps.length < all.length,
    'strength 0.5 does not shorten the run',
  );
  check(half.timesteps[0]! < all[0]!, 'strength 0.5 starts at the full noise level');
  check(finish(half).every(Number.isFinite), 'a run of strength 0.5 is not finite');
}

function findsTruth(scheduler: Scheduler, options: SchedulerConformanceOptions): void {
  const type = options.predictionType ?? scheduler.config['predictionType'] ?? 'epsilon';
  const truth = torchRandom(31)
    .normal(trialSize)
    .map((value) => Math.min(Math.max(value / 3, -0.9), 0.9));
  const run = scheduler.start(trialRequest());
  let sample = run.addNoise(truth, torchRandom(32).normal(trialSize), 0);
  for (let index = 0; index < run.timesteps.length; index++) {
    const { signal, spread } = levelAt(run, index);
    const deviation = Math.sqrt(signal ** 2 + spread ** 2);
    const output = sample.map((x, i) => {
      const noise = (x - signal * truth[i]!) / spread;
      if (type === 'sample') return truth[i]!;
      return type === 'epsilon' ? noise : (signal * noise - spread * truth[i]!) / deviation;
    });
    const step = run.step(output, sample, index);
    checkClose(step.denoised, truth, 1e-3, `step ${index} does not find the clean latents`);
    sample = step.sample;
  }
}

function endsOnDenoised(scheduler: Scheduler): void {
  const run = scheduler.start(trialRequest());
  const last = run.timesteps.length - 1;
  drive(run, trialStart(run), 0, (index, { sample, denoised }) => {
    if (index === last) {
      checkClose(sample, denoised, 1e-5, 'the last sample is not the last clean prediction');
    }
  });
}

function refusesNonsense(scheduler: Scheduler): void {
  const start = (wrong: Partial<SamplingRequest>) => () => scheduler.start({ ...trialRequest(), ...wrong });
  for (const wrong of [0, -1, 1.5, Number.NaN]) checkRefused(`${wrong} steps`, start({ steps: wrong }));
  for (const wrong of [0, -1, 1.5, Number.NaN]) checkRefused(`strength ${wrong}`, start({ strength: wrong }));
  const run = scheduler.start(trialRequest());
  const sample = trialStart(run);
  checkRefused('arrays of two lengths', () => run.step(sample.slice(1), sample, 0));
  checkRefused('a step out of order', () => run.step(sample, sample, 1));
  checkRefused('scaling for a step that is not there', () => run.scaleInput(sample, run.timesteps.length));
  checkRefused('noising for a step that is not there', () => run.addNoise(sample, sample, -1));
}

function snapshot(value: unknown): string {
  return JSON.stringify(value);
}
