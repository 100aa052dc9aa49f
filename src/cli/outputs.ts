import { contactSheet, type EncodeOptions, encodePng, encoderForPath, type Frame } from '../media.js';
import { mp4Encoder } from '../node.js';
import { issuesOf } from './option-issues.js';
import type { CliOption, CliValues } from './options.js';
import { prepareFile } from './write-file.js';

/** Options that tell what to write. */
export const outputCliOptions: readonly CliOption[] = [
  {
    name: 'output',
    short: 'o',
    kind: 'text',
    value: 'PATH',
    many: true,
    help: 'where to write: .gif .webp .apng .png .mp4 (animation.gif, or image.png without --motion)',
  },
  { name: 'sheet', kind: 'text', value: 'PATH.png', help: 'all frames on one picture' },
  {
    name: 'preview',
    kind: 'text',
    value: 'PATH.png',
    help: 'small pictures of what is coming, written anew at each step',
  },
  { name: 'enlarge', kind: 'number', value: 'N', help: 'repeat each pixel N times in what is written (1)' },
];

/** One file to write. */
export interface Output {
  readonly path: string;
  encode(frames: readonly Frame[], options: EncodeOptions): Promise<Uint8Array>;
}

/** The files that were asked for. @throws `invalid-options` for an ending that no encoder has. */
export function outputsOf(values: CliValues): Output[] {
  const usual = values.text('motion') === undefined ? 'image.png' : 'animation.gif';
  const paths = values.texts('output').length > 0 ? values.texts('output') : [usual];
  const sheet = values.text('sheet');
  return [
    ...[...new Set(paths)].map((path) => ({ path, encode: encoderForPath(path, [mp4Encoder]).encode })),
    ...(sheet === undefined ? [] : [{ path: sheet, encode: encodeSheet }]),
  ];
}

/** How often each pixel is repeated. */
export function enlargementOf(values: CliValues): number {
  return values.number('enlarge') ?? 1;
}

/** What is wrong with the outputs' names and size. */
export function outputProblems(values: CliValues): string[] {
  const factor = enlargementOf(values);
  const notPng = ['sheet', 'preview'].flatMap((name) => {
    const path = values.text(name);
    return path === undefined || /\.png$/i.test(path) ? [] : [`--${name}: '${path}' does not end in .png`];
  });
  return [
    ...values.texts('output').flatMap((path) => issuesOf(() => encoderForPath(path, [mp4Encoder]), [])),
    ...notPng,
    ...(Number.isInteger(factor) && factor >= 1 && factor <= 64
      ? []
      : ['--enlarge: expected a whole number from 1 to 64']),
  ];
}

/**
 * Tries everything that writing will need, with two small frames that go nowhere: an encoder that is missing, a rate
 * that a format cannot say and a folder that refuses files are better told before hours of work.
 */
export async function rehearse(outputs: readonly Output[], options: EncodeOptions): Promise<void> {
  const frame: Frame = { width: 16, height: 16, data: new Uint8ClampedArray(16 * 16 * 4).fill(255) };
  for (const { path, encode } of outputs) {
    await prepareFile(path);
    await encode([frame, frame], options);
  }
}

/** All frames on one PNG. */
export function encodeSheet(frames: readonly Frame[], { signal }: EncodeOptions): Promise<Uint8Array> {
  return encodePng(contactSheet(frames), { signal });
}
