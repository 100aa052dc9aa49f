import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type SamplingRun, schedulerFromName, torchRandom } from 'animatediff-js';
import { namedSchedulers } from '../src/cli/scheduler-names.js';
import type { UnetConfig } from '../src/models/unet-config.js';
import { unetFlops } from './flops.js';
import { median } from './median.js';
import type { SchedulersResult, SchedulerTiming } from './result.js';

/** Latents of 16 frames of 512×512. */
const frames = 16;
const side = 64;
const size = 4 * frames * side * side;

const steps = 200;
/** After these every sampler remembers as much as it ever does. */
const warmUp = 20;

/** Stable Diffusion 1.5's. */
const unet: UnetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
  levelHasAttention: [true, true, true, false],
  attentionHeads: [8, 8, 8, 8],
  transformerDepth: 1,
  crossAttentionDim: 768,
  normNumGroups: 32,
  normEps: 1e-5,
  flipSinToCos: true,
  freqShift: 0,
};

/**
 * What every sampler costs beside the network: time a step, and memory that stays. No machine runs a UNet faster than
 * its best operators, so the share is one of the time that the network's operations take at that rate.
 * @param peak The rate of this machine's best operator, in FLOP/s.
 */
export function benchSchedulers(peak: number): SchedulersResult {
  const flops = unetFlops(
    unet,
    { midBlock: true },
    { batch: 1, frames, height: side, width: side, tokens: 77 },
  );
  const evaluationSeconds = flops / peak;
  const timings = namedSchedulers.map(({ name }): SchedulerTiming => {
    const { seconds, heapGrowth } = timed(name);
    return { name, seconds, share: seconds / evaluationSeconds, heapGrowth };
  });
  return { shape: [1, 4, frames, side, side], steps, flops, peak, evaluationSeconds, timings };
}

/** One run: median seconds from one model output to the next model input, and bytes that more steps have cost. */
function timed(name: string): { seconds: number; heapGrowth: number } {
  // As many as there are steps: models that were distilled on 50 could not take more.
  const distilled = name === 'lcm' || name === 'tcd';
  const { scheduler } = schedulerFromName(name, distilled ? { originalInferenceSteps: steps } : {});
  const run = scheduler.start({ steps, strength: 1, random: torchRandom(1) });
  const output = torchRandom(2).normal(size);
  let sample = torchRandom(3).normal(size);
  let heapBefore = 0;
  const seconds: number[] = [];
  for (const index of run.timesteps.keys()) {
    const before = performance.now();
    sample = stepOf(run, output, sample, index);
    if (index >= warmUp) seconds.push((performance.now() - before) / 1000);
    if (index === warmUp) heapBefore = heapBytes();
  }
  return { seconds: median(seconds), heapGrowth: heapBytes() - heapBefore };
}

function stepOf(run: SamplingRun, output: Float32Array, sample: Float32Array, index: number): Float32Array {
  run.scaleInput(sample, index);
  return run.step(output, sample, index).sample;
}

/** Bytes in use once garbage is collected: objects, and arrays outside of the heap. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Arrays are let go of one collection after the objects that hold them.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
