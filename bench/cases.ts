import { mkdtempSync, rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { CaseTask } from './case-run.js';
import type { MachinePeak } from './machine-peak.js';
import { median } from './median.js';
import type { RandomModel } from './random-model.js';
import { gigabytes } from './report.js';
import type { CaseResult, CasesResult } from './result.js';
import { diffusersProcess, ownProcess, type Rival } from './rival.js';

/** What the cases are told. */
export interface CasesOptions {
  readonly folder: string;
  readonly threads: number;
  readonly repeats: number;
  /** `[frames, pixels]` of each case. */
  readonly sizes: readonly (readonly [number, number])[];
  /** What the machine reaches just then. */
  measurePeak(): Promise<MachinePeak>;
  /** Bytes of the UNet's weights in float32. */
  readonly weightBytes: number;
  /** Operations of one evaluation. */
  flops(frames: number, pixels: number): number;
  /** A Python with torch and diffusers to compare with. */
  readonly python: string | undefined;
  /** Beside fewer bits instead: our linear layers as int8, diffusers in bfloat16. */
  readonly reduced: boolean;
  note(text: string): void;
}

/**
 * One UNet evaluation at several sizes: ours, and beside it the same graph of portable operators and diffusers where it
 * is installed, or forms of fewer bits (all of them would not fit most machines' memory). Each has a process of its own,
 * in alternation, so that whatever else the machine does meets all of them; the machine's own peak is a part of each
 * round for the same reason.
 */
export async function benchCases(model: RandomModel, options: CasesOptions): Promise<CasesResult> {
  const { folder } = options;
  const cache = mkdtempSync(join(folder, 'cache-'));
  try {
    const cases: CaseResult[] = [];
    const peaks: MachinePeak[] = [];
    for (const [frames, pixels] of options.sizes) {
      const one = await oneCase(model, cache, frames, pixels, options);
      cases.push(one.result);
      peaks.push(...one.peaks);
    }
    return { peak: medianPeak(peaks), weightBytes: options.weightBytes, cases };
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
): Promise<{ result: CaseResult; peaks: MachinePeak[] }> {
  const { threads, repeats, weightBytes, python, reduced, note } = options;
  const name = `sd15-v2-${frames}x${pixels}`;
  note(`${name}: loading`);
  const task = { model, cache, threads, frames, pixels };
  const rivals: Rival[] = [
    await ownProcess('ours', task),
    ...(await (reduced ? reducedRivals(task, python) : fullRivals(task, python))),
  ];
  const seconds = new Map<string, number[]>(rivals.map((rival) => [rival.name, []]));
  const memory = new Map<string, number>();
  const peaks: MachinePeak[] = [];
  // The first round pays for allocations and pages.
  for (let round = 0; round <= repeats; round++) {
    if (round > 0) peaks.push(await options.measurePeak());
    for (const rival of rivals) {
      const report = await rival.evaluate();
      note(`${name}: ${rival.name} ${report.seconds.toFixed(2)} s`);
      if (round > 0) seconds.get(rival.name)!.push(report.seconds);
      memory.set(rival.name, report.peakBytes);
    }
  }
  for (const rival of rivals) rival.end();
  const held = [...memory.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (held > totalmem()) {
    note(
      `${name}: together they took ${gigabytes(held)} of ${gigabytes(totalmem())}: some of it may have come from the disk`,
    );
  }
  const flops = options.flops(frames, pixels);
  const { matmul, convolution, fastest } = medianPeak(peaks);
  const best = Math.max(matmul, convolution);
  const own = median(seconds.get('ours')!);
  const { loaded } = rivals[0]!;
  const ownPeak = memory.get('ours')!;
  const result: CaseResult = {
    name,
    secondsPerEvaluation: own,
    flops,
    shareOfPeak: flops / own / best,
    shareOfFastest: flops / own / fastest,
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
        peakRssBytes: memory.get(rival.name)!,
        oursOverTheirs: own / theirs,
      };
    }),
  };
  return { result, peaks };
}

/** The middle of what was measured, for each kind of operator. */
function medianPeak(peaks: readonly MachinePeak[]): MachinePeak {
  return {
    matmul: median(peaks.map(({ matmul }) => matmul)),
    convolution: median(peaks.map(({ convolution }) => convolution)),
    fastest: median(peaks.map(({ fastest }) => fastest)),
  };
}

async function fullRivals(task: CaseTask, python: string | undefined): Promise<Rival[]> {
  return [
    await ownProcess('unfused', { ...task, unfused: true }),
    ...(python === undefined ? [] : [await diffusersProcess(python, task)]),
  ];
}

async function reducedRivals(task: CaseTask, python: string | undefined): Promise<Rival[]> {
  return [
    await ownProcess('int8', { ...task, quantization: 'int8' }),
    await ownProcess('int8-dynamic', { ...task, quantization: 'int8-dynamic' }),
    ...(python === undefined ? [] : [await diffusersProcess(python, task, 'bfloat16')]),
  ];
}
