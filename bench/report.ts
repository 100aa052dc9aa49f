import type {
  AdaptersResult,
  BenchResult,
  CasesResult,
  GenerationResult,
  LongResult,
  SchedulersResult,
  TrainingResult,
} from './result.js';

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const seconds = (value: number): string => `${value.toFixed(2)} s`;
const rate = (flops: number): string => `${(flops / 1e9).toFixed(0)} GFLOP/s`;

/** The results as text. The limit is the time at the better of the two peaks. */
export function reportText(result: BenchResult): string {
  const row = (name: string, value: string): string => `${name.padEnd(34)}  ${value}`;
  return [
    'Stable Diffusion 1.5 with a v2 motion module, random weights, float32',
    `${result.threads} threads`,
    casesText(result),
    row('text encoder, load and one prompt', seconds(result.textSeconds)),
    row('VAE, load and one 256×256 frame', seconds(result.frameDecodeSeconds)),
    row('load, weights cache empty', seconds(result.coldLoadSeconds)),
    row('load, weights cache full', seconds(result.warmLoadSeconds)),
    row('memory, peak', gigabytes(result.peakBytes)),
    row(
      'memory, steady',
      `${gigabytes(result.steadyBytes)}, of which private ${gigabytes(result.steadyPrivateBytes)}`,
    ),
    row('memory, after dispose', gigabytes(result.afterDisposeBytes)),
    '',
    schedulersText(result.schedulers),
  ].join('\n');
}

/** The samplers' part. */
export function schedulersText({
  shape,
  steps,
  flops,
  peak,
  evaluationSeconds,
  timings,
}: SchedulersResult): string {
  const rows = timings.map(({ name, seconds: median, share, heapGrowth }) =>
    [
      name.padEnd(34),
      `${(1000 * median).toFixed(2)} ms a step`.padStart(16),
      `${(100 * share).toFixed(4)}%`,
      `memory ${heapGrowth < 0 ? '' : '+'}${(heapGrowth / 1e3).toFixed(0)} kB`,
    ].join('  '),
  );
  return [
    `samplers, latents [${shape.join(', ')}], median of ${steps} steps; share of one UNet evaluation, limit 1%`,
    `that evaluation is taken to last ${seconds(evaluationSeconds)}: ${(flops / 1e12).toFixed(1)} TFLOP at the machine's peak of ${rate(peak)}`,
    ...rows,
  ].join('\n');
}

/** The adapters' part. */
export function adaptersText(result: AdaptersResult): string {
  const { coldReloadSeconds, warmReloadSeconds, fusedScaleSeconds, liveScaleSeconds, size } = result;
  const mergeSeconds = Math.max(fusedScaleSeconds - result.plainSessionSeconds, 0);
  const row = (name: string, value: string): string => `${name.padEnd(44)}  ${value}`;
  const times = (value: number, of: number): string => `${(of / value).toFixed(1)} times faster`;
  return [
    `LoRA of rank 16 over ${result.layers} attention layers, full size`,
    row('load with it, weights cache empty', seconds(coldReloadSeconds)),
    row('load with it at another scale, cache full', seconds(warmReloadSeconds)),
    row(
      'fused setScale',
      `${seconds(fusedScaleSeconds)}: ${times(fusedScaleSeconds, coldReloadSeconds)} than the first load, ` +
        `${times(fusedScaleSeconds, warmReloadSeconds)} than the second`,
    ),
    row(
      'merge in it',
      `${gigabytes(result.touchedBytes)} in ${seconds(mergeSeconds)}: ${gigabytes((2 * result.touchedBytes) / mergeSeconds)} a second ` +
        `read and written, a copy runs at ${gigabytes(result.copyRate)} a second; the session alone takes ${seconds(result.plainSessionSeconds)}`,
    ),
    row(
      'fused, a UNet evaluation',
      `${seconds(result.fusedSeconds)}, without ${seconds(result.plainSeconds)}; private memory ` +
        `${gigabytes(result.fusedPrivateBytes)} and ${gigabytes(result.plainPrivateBytes)}`,
    ),
    row('fused setScale, private memory at its peak', `+${gigabytes(result.fusedExtraBytes)}`),
    row(
      'live setScale',
      `${(1000 * liveScaleSeconds).toFixed(1)} ms: ${times(liveScaleSeconds, coldReloadSeconds)} than the first load, ` +
        `${times(liveScaleSeconds, warmReloadSeconds)} than the second`,
    ),
    `live, a UNet evaluation of ${size[0]} frames at ${size[1]}×${size[1]}`,
    ...result.live.map(({ rank, addSeconds, seconds: live, plainSeconds }) =>
      row(
        `rank ${rank}`,
        `${seconds(live)}, ${(100 * (live / plainSeconds - 1)).toFixed(1)}% more than ${seconds(plainSeconds)}; added in ${seconds(addSeconds)}`,
      ),
    ),
  ].join('\n');
}

/** The part about long animations. The first share is to be at most 1.2. */
export function longText({ pixels, short, long, endless }: LongResult): string {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const held = long.latentBytes + long.frameBytes;
  const share = (peak: number, of: number): string => (peak / (of + held)).toFixed(3);
  const row = (name: string, value: string): string => `${name.padEnd(34)}  ${value}`;
  const [before, after] = endless.privateBytes;
  return [
    `memory of ${long.frames} frames of ${pixels}×${pixels} in windows of 16 against ${short.frames}, which latents and pictures of ${megabytes(held)} are added to`,
    row(
      'peak',
      `${gigabytes(long.peakBytes)} of ${gigabytes(short.peakBytes)}: ${share(long.peakBytes, short.peakBytes)} times as much, limit 1.2`,
    ),
    row(
      'private memory at its peak',
      `${megabytes(long.privatePeakBytes)} of ${megabytes(short.privatePeakBytes)}: ${share(long.privatePeakBytes, short.privatePeakBytes)} times as much`,
    ),
    row('time', `${seconds(long.seconds)} and ${seconds(short.seconds)}`),
    row(
      `endless, frame ${endless.at[0]} to ${endless.at[1]}`,
      `private memory ${megabytes(before)} to ${megabytes(after)}: ${megabytes(after - before)} more, in ${seconds(endless.seconds)}`,
    ),
  ].join('\n');
}

/** The cases, ours beside the others. */
export function casesText({ peak, weightBytes, cases }: CasesResult): string {
  const blocks = cases.flatMap((each) => [
    `${each.name.padEnd(16)}  ${seconds(each.secondsPerEvaluation)}  ${(each.flops / 1e12).toFixed(2)} TFLOP  ${(100 * each.shareOfPeak).toFixed(0)}% of the peak (${(100 * each.shareOfFastest).toFixed(0)}% of its fastest run)  ` +
      `load ${seconds(each.loadSeconds)}  memory ${gigabytes(each.loadedRssBytes)} loaded, ${gigabytes(each.peakRssBytes)} at the peak (${each.peakRssOverWeights.toFixed(2)} of the weights)`,
    ...each.rivals.map(
      ({ name, secondsPerEvaluation, peakRssBytes, oursOverTheirs }) =>
        `  ${name.padEnd(14)}  ${seconds(secondsPerEvaluation)}  ours takes ${oursOverTheirs.toFixed(2)} of that  memory ${gigabytes(peakRssBytes)}`,
    ),
  ]);
  return [
    `one UNet evaluation, weights ${gigabytes(weightBytes)}; machine: matmul ${rate(peak.matmul)}, convolution ${rate(peak.convolution)}, fastest run ${rate(peak.fastest)}`,
    ...blocks,
  ].join('\n');
}

/** The part about a whole generation. The last share is to be at most 2%. */
export function generationText(result: GenerationResult): string {
  const { planned, measured, measuredOverPlanned } = result.memory;
  const row = (name: string, value: number): string =>
    `${name.padEnd(34)}  ${seconds(value).padStart(9)}  ${((100 * value) / result.seconds).toFixed(2)}%`;
  const rows = (title: string, values: Readonly<Record<string, number>>): string[] =>
    Object.entries(values).map(([name, value]) => row(`${title} ${name}`, value));
  return [
    `a whole generation: ${result.frames} frames of ${result.pixels}×${result.pixels}, ${result.steps} steps with guidance`,
    row('all', result.seconds),
    ...rows('loading', result.loading),
    ...rows('running', result.running),
    row('everything else, limit 2%', result.outside),
    `memory planned ${gigabytes(planned)}, measured ${gigabytes(measured)}: ${measuredOverPlanned.toFixed(2)} of the plan, to be within 15%`,
  ].join('\n');
}

/** The part about training. A step is to cost at most 3.5 times an evaluation, and recomputation half of the memory. */
export function trainingText(result: TrainingResult): string {
  const { frames, pixels } = result;
  const row = (name: string, value: TrainingResult['step']): string =>
    `${name.padEnd(30)}  ${seconds(value.seconds).padStart(9)}  CPU ${seconds(value.cpuSeconds).padStart(9)}  ` +
    `memory ${gigabytes(value.peakBytes)} at its peak, ${gigabytes(value.privatePeakBytes)} private`;
  return [
    `a MotionLoRA, ${frames} frames of ${pixels}×${pixels}`,
    row('evaluation, portable operators', result.portable),
    row("evaluation, the CPU's own", result.fused),
    row('step, everything kept', result.step),
    row('step, recomputed', result.recomputed),
    `a step costs ${result.stepOverPortable.toFixed(2)} evaluations of portable operators, ${result.stepOverFused.toFixed(2)} of the CPU's own; ` +
      `recomputed it takes ${result.recomputedPeakShare.toFixed(2)} of the private memory`,
  ].join('\n');
}
