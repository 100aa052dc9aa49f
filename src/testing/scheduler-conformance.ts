import { AnimateDiffError } from '../core/errors.js';
import type { RandomSource } from '../core/random.js';
import { torchRandom } from '../core/torch-random.js';
import type { SamplingRequest, SamplingRun, Scheduler, SchedulerState } from '../schedulers/scheduler.js';
import type { ConformanceCase } from './conformance.js';

/** What {@link schedulerConformance} cannot tell by itself. */
export interface SchedulerConformanceOptions {
  /** What the model's output means. Default: `config.predictionType`, or `epsilon`. */
  readonly predictionType?: 'epsilon' | 'v_prediction' | 'sample' | undefined;
  /** Whether the last sample is the last clean prediction. Default true; false for samplers that end with some noise. */
  readonly endsClean?: boolean | undefined;
  /**
   * Whether every prediction of a model that knows the clean latents gives exactly them. Default true; false for
   * samplers whose intermediate evaluations lie between the levels that `addNoise` knows.
   */
  readonly exactDenoised?: boolean | undefined;
}

const steps = 6;
const size = 256;

/**
 * The checks that every {@link Scheduler} passes, ours and yours.
 * @param make Makes the scheduler under test; called anew for every case.
 */
export function schedulerConformance(
  make: () => Scheduler,
  options: SchedulerConformanceOptions = {},
): ConformanceCase[] {
  const { endsClean = true, exactDenoised = true } = options;
  const cases: [boolean, string, (scheduler: Scheduler) => void][] = [
    [true, 'names its contract and describes itself as plain data', describesItself],
    [true, 'keeps the shape and stays finite at every step', staysFinite],
    [true, 'gives the same result for the same noise', isDeterministic],
    [true, 'draws noise from the given source only', drawsFromSourceOnly],
    [true, 'changes neither its arguments nor its configuration', isPure],
    [true, 'keeps runs apart', keepsRunsApart],
    [true, 'resumes bit-exactly at every step, also from stored state', resumes],
    [true, 'refuses a state that is not its own', refusesForeignState],
    [true, 'noises clean latents linearly, less at every step', noisesLinearly],
    [true, 'shows the model unit variance at every noise level', scalesToUnitVariance],
    [true, 'runs fewer steps at a lower strength', followsStrength],
    [exactDenoised, 'finds the clean latents of a model that knows them', (it) => findsTruth(it, options)],
    [endsClean, 'ends on its last clean prediction', endsOnDenoised],
    [true, 'refuses steps, strength and arrays that cannot be', refusesNonsense],
  ];
  return cases
    .filter(([applies]) => applies)
    .map(([, name, check]) => ({ name, run: async () => check(make()) }));
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
  const run = scheduler.start(request());
  check(run.timesteps.length >= steps, `${run.timesteps.length} evaluations for ${steps} steps`);
  check(run.timesteps.every(Number.isFinite), 'a timestep is not finite');
  check(run.initialSigma > 0 && Number.isFinite(run.initialSigma), `initialSigma is ${run.initialSigma}`);
  drive(run, startSample(run), 0, (index, { scaled, sample, denoised }) => {
    for (const [what, values] of Object.entries({ scaled, sample, denoised })) {
      check(
        values instanceof Float32Array && values.length === size,
        `step ${index}: ${what} has another shape`,
      );
      check(values.every(Number.isFinite), `step ${index}: ${what} is not finite`);
    }
  });
}

function isDeterministic(scheduler: Scheduler): void {
  checkSame(
    finish(scheduler.start(request(7))),
    finish(scheduler.start(request(7))),
    'two equal runs differ',
  );
}

function drawsFromSourceOnly(scheduler: Scheduler): void {
  const silent = recording(() => new Float32Array(size));
  const still = finish(scheduler.start({ ...request(), random: silent }));
  const random = torchRandom(3);
  const noisy = recording((count) => random.normal(count));
  const result = finish(scheduler.start({ ...request(), random: noisy }));
  check(noisy.draws.length === silent.draws.length, 'the number of draws depends on what was drawn');
  check(
    noisy.draws.every((count) => count === size),
    `draws of ${noisy.draws} for latents of ${size}`,
  );
  if (noisy.draws.length === 0) checkSame(result, still, 'no noise was drawn, yet runs differ');
  else
    check(
      result.some((value, i) => value !== still[i]),
      'noise was drawn, but not used',
    );
}

function isPure(scheduler: Scheduler): void {
  const before = snapshot(scheduler.config);
  const run = scheduler.start(request());
  const sample = startSample(run);
  const kept = sample.slice();
  const scaled = run.scaleInput(sample, 0);
  check(scaled.buffer !== sample.buffer, 'scaleInput gives back its argument instead of a new array');
  const output = model(scaled, run.timesteps[0]!);
  const keptOutput = output.slice();
  const step = run.step(output, sample, 0);
  checkSame(sample, kept, 'a step changed the sample it was given');
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
  const alone = finish(scheduler.start(request(1)));
  const [first, second] = [scheduler.start(request(1)), scheduler.start(request(2))];
  let mine = startSample(first);
  let other = startSample(second);
  for (let index = 0; index < first.timesteps.length; index++) {
    mine = advance(first, mine, index).sample;
    other = advance(second, other, index).sample;
  }
  checkSame(mine, alone, 'a second run at the same time changes the first');
}

function resumes(scheduler: Scheduler): void {
  const whole = scheduler.start(request(5));
  const states: SchedulerState[] = [whole.state()];
  const samples = [startSample(whole)];
  drive(whole, samples[0]!, 0, (_, { sample }) => {
    samples.push(sample);
    states.push(structuredClone(whole.state()));
  });
  for (const [index, state] of states.entries()) {
    check(state.index === index, `state().index is ${state.index} before step ${index}`);
    const resumed = scheduler.resume({ steps, strength: 1 }, state);
    drive(resumed, samples[index]!, index, (at, { sample }) => {
      checkSame(sample, samples[at + 1]!, `resumed before step ${index}, step ${at} differs`);
    });
  }
}

function refusesForeignState(scheduler: Scheduler): void {
  const state = scheduler.start(request()).state();
  const resume = (wrong: SchedulerState) => () => scheduler.resume({ steps, strength: 1 }, wrong);
  checkRefused('the state of another sampler', resume({ ...state, scheduler: `not-${scheduler.name}` }));
  checkRefused('a state past the end', resume({ ...state, index: 1e6 }));
}

function noisesLinearly(scheduler: Scheduler): void {
  const run = scheduler.start(request());
  const [clean, noise] = [torchRandom(11).normal(size), torchRandom(12).normal(size)];
  let last = Number.POSITIVE_INFINITY;
  for (let index = 0; index < run.timesteps.length; index++) {
    const { signal, spread } = levels(run, index);
    const made = run.addNoise(clean, noise, index);
    const expected = clean.map((value, i) => signal * value + spread * noise[i]!);
    checkClose(made, expected, 1e-5, `addNoise at step ${index} is not signal × clean + spread × noise`);
    const ratio = spread / signal;
    check(
      spread >= 0 && signal >= 0 && ratio <= last * (1 + 1e-6),
      `step ${index} is noisier than the one before`,
    );
    last = ratio;
  }
}

function scalesToUnitVariance(scheduler: Scheduler): void {
  const run = scheduler.start(request());
  const count = 20_000;
  const [clean, noise] = [torchRandom(21).normal(count), torchRandom(22).normal(count)];
  for (let index = 0; index < run.timesteps.length; index++) {
    const seen = variance(run.scaleInput(run.addNoise(clean, noise, index), index));
    check(Math.abs(seen - 1) < 0.05, `the model would see variance ${seen} at step ${index}`);
  }
  const start = variance(
    run.scaleInput(
      noise.map((value) => value * run.initialSigma),
      0,
    ),
  );
  check(Math.abs(start - 1) < 0.05, `the model would see variance ${start} at the start`);
}

function followsStrength(scheduler: Scheduler): void {
  const all = scheduler.start(request()).timesteps;
  const half = scheduler.start({ ...request(), strength: 0.5 });
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
    .normal(size)
    .map((value) => Math.min(Math.max(value / 3, -0.9), 0.9));
  const run = scheduler.start(request());
  let sample = run.addNoise(truth, torchRandom(32).normal(size), 0);
  for (let index = 0; index < run.timesteps.length; index++) {
    const { signal, spread } = levels(run, index);
    const output = sample.map((x, i) => {
      const noise = (x - signal * truth[i]!) / spread;
      if (type === 'sample') return truth[i]!;
      return type === 'epsilon' ? noise : signal * noise - spread * truth[i]!;
    });
    const step = run.step(output, sample, index);
    checkClose(step.denoised, truth, 1e-3, `step ${index} does not find the clean latents`);
    sample = step.sample;
  }
}

function endsOnDenoised(scheduler: Scheduler): void {
  const run = scheduler.start(request());
  const last = run.timesteps.length - 1;
  drive(run, startSample(run), 0, (index, { sample, denoised }) => {
    if (index === last)
      checkClose(sample, denoised, 1e-5, 'the last sample is not the last clean prediction');
  });
}

function refusesNonsense(scheduler: Scheduler): void {
  const start = (wrong: Partial<SamplingRequest>) => () => scheduler.start({ ...request(), ...wrong });
  for (const wrong of [0, -1, 1.5, Number.NaN]) checkRefused(`${wrong} steps`, start({ steps: wrong }));
  for (const wrong of [0, -1, 1.5, Number.NaN]) checkRefused(`strength ${wrong}`, start({ strength: wrong }));
  const run = scheduler.start(request());
  const sample = startSample(run);
  checkRefused('arrays of two lengths', () => run.step(sample.slice(1), sample, 0));
  checkRefused('a step out of order', () => run.step(sample, sample, 1));
  checkRefused('scaling for a step that is not there', () => run.scaleInput(sample, run.timesteps.length));
  checkRefused('noising for a step that is not there', () => run.addNoise(sample, sample, -1));
}

function request(seed = 1): SamplingRequest {
  return { steps, strength: 1, random: torchRandom(seed) };
}

function startSample(run: SamplingRun): Float32Array {
  return torchRandom(42)
    .normal(size)
    .map((value) => value * run.initialSigma);
}

// Any smooth function will do for a model.
function model(scaled: Float32Array, timestep: number): Float32Array {
  return scaled.map((x) => Math.tanh(0.8 * x + 0.3 * Math.sin(timestep / 90)));
}

interface Seen {
  scaled: Float32Array;
  sample: Float32Array;
  denoised: Float32Array;
}

function advance(run: SamplingRun, sample: Float32Array, index: number): Seen {
  const scaled = run.scaleInput(sample, index);
  return { scaled, ...run.step(model(scaled, run.timesteps[index]!), sample, index) };
}

function drive(
  run: SamplingRun,
  from: Float32Array,
  first: number,
  look: (index: number, seen: Seen) => void,
): Float32Array {
  let sample = from;
  for (let index = first; index < run.timesteps.length; index++) {
    const seen = advance(run, sample, index);
    look(index, seen);
    sample = seen.sample;
  }
  return sample;
}

function finish(run: SamplingRun): Float32Array {
  return drive(run, startSample(run), 0, () => {});
}

/** What addNoise multiplies clean latents and noise with. */
function levels(run: SamplingRun, index: number): { signal: number; spread: number } {
  const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
  return { signal: run.addNoise(one, zero, index)[0]!, spread: run.addNoise(zero, one, index)[0]! };
}

function recording(normal: (count: number) => Float32Array): RandomSource & { readonly draws: number[] } {
  const draws: number[] = [];
  return {
    draws,
    normal(count) {
      draws.push(count);
      return normal(count);
    },
    state: () => ({ kind: 'recording', words: [], extra: [] }),
  };
}

function variance(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

function snapshot(value: unknown): string {
  return JSON.stringify(value);
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

function checkSame(actual: Float32Array, expected: Float32Array, message: string): void {
  const at = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  check(at < 0, `${message} (element ${at}: ${actual[at]} and ${expected[at]})`);
}

function checkClose(actual: Float32Array, expected: Float32Array, tolerance: number, message: string): void {
  const scale = Math.max(...expected.map(Math.abs), 1e-3);
  const at = actual.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= tolerance * scale));
  check(at < 0, `${message} (element ${at}: ${actual[at]}, expected ${expected[at]})`);
}

function checkRefused(what: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    check(
      AnimateDiffError.isInstance(error) && error.code === 'invalid-options',
      `${what}: threw ${String(error)}`,
    );
    return;
  }
  throw new Error(`${what}: was not refused with 'invalid-options'`);
}
