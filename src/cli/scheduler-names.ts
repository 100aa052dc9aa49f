import { AnimateDiffError, schedulerFromName } from '../index.js';

/** One sampler and what it is called. */
export interface NamedScheduler {
  /** As this library calls it, or as ComfyUI does where it is a set of options. */
  readonly name: string;
  /** As ComfyUI and A1111 write it. */
  readonly others: readonly string[];
}

/** Every sampler that `schedulerFromName` knows. A test keeps the two in step. */
export const namedSchedulers: readonly NamedScheduler[] = [
  { name: 'ddim', others: [] },
  { name: 'ddpm', others: [] },
  { name: 'pndm', others: ['PLMS'] },
  { name: 'euler', others: [] },
  { name: 'eulerAncestral', others: ['euler_ancestral', 'Euler a'] },
  { name: 'heun', others: [] },
  { name: 'lms', others: [] },
  { name: 'deis', others: [] },
  { name: 'kdpm2', others: ['dpm_2', 'DPM2'] },
  { name: 'kdpm2Ancestral', others: ['dpm_2_ancestral', 'DPM2 a'] },
  { name: 'dpmSolverMultistep', others: ['dpmpp_2m', 'DPM++ 2M'] },
  { name: 'dpmpp_2m_sde', others: ['dpmpp_2m_sde_gpu', 'DPM++ 2M SDE'] },
  { name: 'dpmpp_2m_sde_heun', others: ['DPM++ 2M SDE Heun'] },
  { name: 'dpmpp_3m_sde', others: ['dpmpp_3m_sde_gpu', 'DPM++ 3M SDE'] },
  { name: 'dpmSolverSinglestep', others: ['dpmpp_2s', 'dpmpp_2s_ancestral', 'DPM++ 2S a'] },
  { name: 'dpmpp_sde', others: ['dpmpp_sde_gpu', 'DPM++ SDE'] },
  { name: 'uni_pc', others: ['UniPC'] },
  { name: 'uni_pc_bh2', others: [] },
  { name: 'lcm', others: [] },
  { name: 'tcd', others: [] },
];

/** What may follow a name, in ComfyUI's and A1111's words, and ours for what neither has one for. */
export const scheduleNames: readonly string[] = [
  'karras',
  'exponential',
  'beta',
  'lu',
  'sgm_uniform',
  'simple',
  'trailing',
  'ddim_uniform',
  'leading',
  'linspace',
  'normal',
  'uniform',
  'automatic',
];

/** What is wrong with a sampler's name, with the names that are near it; nothing when it is known. */
export function schedulerNameProblems(name: string): string[] {
  try {
    schedulerFromName(name);
    return [];
  } catch (error) {
    if (!AnimateDiffError.isInstance(error)) throw error;
    // A schedule that is not for the sampler is told as it is; for an unknown name the library lists all there are.
    if (error.code !== 'unsupported') return [error.message];
    const near = nearNames(name).join(', ');
    const help = near === '' ? 'animatediff schedulers list tells those there are' : `did you mean ${near}?`;
    return [`no sampler is called '${name}'; ${help}`];
  }
}

/** The three nearest names, the nearest first; none when nothing is near. */
function nearNames(name: string): string[] {
  const wanted = lettersOf(name);
  // Nobody mistypes a name into a page of text, and comparing with one takes time.
  if (wanted.length > 60) return [];
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  return allNames()
    .map((each) => ({ each, distance: editDistance(wanted, lettersOf(each)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .map(({ each }) => each)
    .filter((each, i, all) => all.findIndex((other) => lettersOf(other) === lettersOf(each)) === i)
    .filter(isKnown)
    .slice(0, 3);
}

function isKnown(name: string): boolean {
  try {
    schedulerFromName(name);
    return true;
  } catch {
    return false;
  }
}

function allNames(): string[] {
  const names = namedSchedulers.flatMap(({ name, others }) => [name, ...others]);
  return names.flatMap((name) => [
    name,
    ...scheduleNames.map((schedule) => (name.includes(' ') ? `${name} ${schedule}` : `${name}_${schedule}`)),
  ]);
}

function lettersOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replace(/[^a-z0-9]/g, '');
}

/** Letters to add, leave out or change (Levenshtein 1966). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = row[j]! + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(changed, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
