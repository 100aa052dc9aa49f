import type { NodeRuntimeReport } from '../node.js';
import { bytesText } from './format.js';

/** What `animatediff doctor` found. */
export interface MachineReport extends NodeRuntimeReport {
  /** Whether the ffmpeg program can be started. */
  readonly ffmpeg: boolean;
}

/** Measured: text encoder, UNet with motion module and VAE of Stable Diffusion 1.5 in use (docs/performance.md). */
const fullSizePeak = 6.4e9;

/** A cache that is worth a word. */
const largeCache = 20e9;

/** What the user could do about it, a sentence each; empty when all is well. */
export function machineAdvice({ runtime, devices, memory, cache, ffmpeg }: MachineReport): string[] {
  const works = devices.filter(({ available }) => available).map(({ device }) => device);
  const advice: string[] = [];
  if ('problem' in runtime) {
    advice.push('ONNX Runtime cannot be loaded, so nothing can be generated: install the package again.');
  } else if (!works.some((device) => device !== 'cpu')) {
    advice.push(
      'No graphics card can be used, and full-size models are slow on the CPU: begin with --width 256 --frames 8.',
    );
  }
  for (const device of works.filter((each) => each !== 'cpu')) {
    advice.push(`A graphics card can be used: give --device ${device}.`);
  }
  if (memory.free < fullSizePeak) {
    advice.push(
      `${bytesText(memory.free)} of memory are free, and a full-size model takes about ${bytesText(fullSizePeak)}: ` +
        'give --residency one, and see what animatediff plan tells.',
    );
  }
  if (cache.byteLength > largeCache) {
    advice.push(`${bytesText(cache.byteLength)} of weights are kept: animatediff cache clear removes them.`);
  }
  if (!ffmpeg) advice.push('MP4 cannot be written: install ffmpeg for it. The other formats need nothing.');
  return advice;
}
