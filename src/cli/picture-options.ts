import type { GenerateOptions, NoiseInjection } from '../index.js';
import type { Fit, Frame } from '../media.js';
import { readFrames } from '../node.js';
import type { CliOption, CliValues } from './options.js';
import { numberList, readText, textProblems } from './text-values.js';

/** Options for pictures that an animation begins from, and for noise between the steps. */
export const pictureCliOptions: readonly CliOption[] = [
  {
    name: 'video',
    kind: 'text',
    value: 'PATH',
    help: 'a video, GIF, picture or folder of pictures to make over, at --fps; sets --frames',
  },
  {
    name: 'strength',
    kind: 'number',
    value: 'X',
    help: 'how far from it: 0 stays, 1 begins from noise (0.8)',
  },
  { name: 'image', kind: 'text', value: 'PATH', help: 'a picture to take off from' },
  { name: 'last-image', kind: 'text', value: 'PATH', help: 'with --image: a picture to arrive at' },
  {
    name: 'fit',
    kind: 'text',
    choices: ['cover', 'contain', 'fill'],
    help: 'how they get --width and --height: cut off, with black around, or stretched (cover)',
  },
  {
    name: 'noise-injection',
    sets: 'noiseInjection.at',
    kind: 'text',
    value: 'AT,AT,…',
    help: 'fresh noise at these shares of the steps, such as 0.3,0.6 (off)',
  },
  {
    name: 'noise-injection-strength',
    sets: 'noiseInjection.strength',
    kind: 'number',
    value: 'X',
    help: 'how much of the noise it exchanges, 0 to 1 (1)',
  },
];

/** What is wrong with them. Looks at no file. */
export function pictureProblems(values: CliValues): string[] {
  const given = (name: string): boolean => values.texts(name).length > 0;
  const strength = values.number('strength');
  const needs = (name: string, others: readonly string[]): string[] =>
    given(name) && !others.some(given)
      ? [`--${name}: needs ${others.map((each) => `--${each}`).join(' or ')}`]
      : [];
  return [
    ...(given('video') && given('image') ? ['--video: begins from its pictures; leave out --image'] : []),
    ...needs('strength', ['video']),
    ...(strength === undefined || (strength >= 0 && strength <= 1) ? [] : ['--strength: expected 0 to 1']),
    ...needs('last-image', ['image']),
    ...needs('fit', ['video', 'image']),
    ...textProblems(values, ['noise-injection'], numberList),
    ...needs('noise-injection-strength', ['noise-injection']),
  ];
}

/** The noise that is to be added between the steps. */
export function noiseInjectionOf(values: CliValues): NoiseInjection | undefined {
  const at = readText(values, 'noise-injection', numberList);
  return at && { at, strength: values.number('noise-injection-strength') };
}

/** Finds out before any work whether the files can be read. @throws As `readFrames`. */
export async function rehearsePictures(values: CliValues, signal: AbortSignal): Promise<void> {
  for (const name of ['video', 'image', 'last-image']) {
    const path = values.text(name);
    if (path !== undefined) await readFrames(path, { maxFrames: 1, width: 8, height: 8, signal });
  }
}

/** The pictures that were asked for, in the size that is made. */
export async function picturesOf(
  values: CliValues,
  nativeSize: number,
  signal: AbortSignal,
): Promise<Pick<GenerateOptions, 'video' | 'strength' | 'image' | 'numFrames'>> {
  const [asked, side] = [values.number('width'), values.number('height')];
  const width = asked ?? side ?? nativeSize;
  const size = { width, height: side ?? width, fit: values.text('fit') as Fit | undefined, signal };
  const [video, image, last] = ['video', 'image', 'last-image'].map((name) => values.text(name));
  if (video !== undefined) {
    const numFrames = values.number('frames');
    const fps = values.number('fps') ?? 8;
    const frames = await readFrames(video, { ...size, fps, maxFrames: numFrames });
    // A single picture stands for as many frames as are asked for.
    return {
      video: frames,
      strength: values.number('strength'),
      ...(frames.length > 1 && numFrames === undefined ? { numFrames: frames.length } : {}),
    };
  }
  if (image === undefined) return {};
  const first = await firstFrame(image, size);
  return { image: last === undefined ? first : { first, last: await firstFrame(last, size) } };
}

async function firstFrame(path: string, options: Parameters<typeof readFrames>[1]): Promise<Frame> {
  const [frame] = await readFrames(path, { ...options, maxFrames: 1 });
  return frame!;
}
