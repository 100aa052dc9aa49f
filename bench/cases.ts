import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseTask } from './case-run.js';
import type { MachinePeak } from './machine-peak.js';
import { median } from './median.js';
import type { RandomModel } from './random-model.js';
import type { CaseResult, CasesResult } from './result.js';
import { diffusersProcess, ownProcess, type Rival } from './rival.js';

/** What the cases are told. */
export interface CasesOptions {
  readonly folder: string;
  readonly threads: number;
  readonly repeats: number;
  /** `[frames, pixels]` of each case. */
  readonly sizes: readonly (readonly [number, number])[];
  readonly peak: MachinePeak;
  /** Bytes of the UNet's weights in float32. */
  readonly weightBytes: number;
  /** Operations of one evaluation. */
  flops(frames: number, pixels: number): number;
  /** A Python with torch and diffusers to compare with. */
  readonly python: string | undefined;
  /** Also in fewer bits: our linear layers as int8, diffusers in bfloat16. */
  readonly reduced: boolean;
  note(text: string): void;
}

/**
 * One UNet evaluation at several sizes: ours, the same graph of portable operators, and diffusers where it is
 * installed, each in a process of its own and in alternation, so that whatever else the machine does meets all of them.
 */
export async function benchCases(model: RandomModel, options: CasesOptions): Promise<CasesResult> {
  const { folder, peak } = options;
  const cache = mkdtempSync(join(folder, 'cache-'));
  try {
    const cases: CaseResult[] = [];
    for (const [frames, pixels] of options.sizes) {
      cases.push(await oneCase(model, cache, frames, pixels, options));
    }
    return { peak, weightBytes: options.weightBytes, cases };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

async function oneCase(
  model: RandomModel,
  cache: string,
  frames: number,
  pixels: number,
  options: CasesOptions,
): Promise<CaseResult> {
  const { threads, repeats, peak, weightBytes, python, reduced, note } = options;
  const name = `sd15-v2-${frames}x${pixels}`;
  note(`${name}: loading`);
  const task = { model, cache, threads, frames, pixels };
  const rivals: Rival[] = [
    await ownProcess('ours', task),
    await ownProcess('unfused', { ...task, unfused: true }),
    ...(python === undefined ? [] : [await diffusersProcess(python, task)]),
    ...(reduced ? await reducedRivals(task, python) : []),
  ];
  const seconds = new Map<string, number[]>(rivals.map((rival) => [rival.name, []]));
  const peaks = new Map<string, number>();
  // The first round pays for allocations and pages.
  for (let round = 0; round <= repeats; round++) {
    for (const rival of rivals) {
      const report = await rival.evaluate();
      note(`${name}: ${rival.name} ${report.seconds.toFixed(2)} s`);
      if (round > 0) seconds.get(rival.name)!.push(report.seconds);
      peaks.set(rival.name, report.peakBytes);
    }
  }
  for (const rival of rivals) rival.end();
  const flops = options.flops(frames, pixels);
  const best = Math.max(peak.matmul, peak.convolution);
  const own = median(seconds.get('ours')!);
  const { loaded } = rivals[0]!;
  const ownPeak = peaks.get('ours')!;
  return {
    name,
    secondsPerEvaluation: own,
    flops,
    shareOfPeak: flops / own / best,
    loadSeconds: loaded.seconds,
    loadedRssBytes: loaded.residentBytes,
    loadedRssOverWeights: loaded.residentBytes / weightBytes,
    peakRssBytes: ownPeak,
    peakRssOverWeights: ownPeak / weightBytes,
    rivals: rivals.slice(1).map((rival) => {
      const theirs = median(seconds.get(rival.name)!);
      return {
        name: rival.name,
        secondsPerEvaluation: theirs,
        peakRssBytes: peaks.get(rival.name)!,
        oursOverTheirs: own / theirs,
      };
    }),
  };
}

async function reducedRivals(task: CaseTask, python: string | undefined): Promise<Rival[]> {
  return [
    await ownProcess('int8', { ...task, quantization: 'int8' }),
    await ownProcess('int8-dynamic', { ...task, quantization: 'int8-dynamic' }),
    ...(python === undefined ? [] : [await diffusersProcess(python, task, 'bfloat16')]),
  ];
}
