import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateOptions, generationCliOptions } from '../../src/cli/generate-options.js';
import { parseOptions } from '../../src/cli/options.js';
import { fixture } from '../support/tiny-model.js';
import { type CommandLine, commandLine, type Result } from './support/command-line.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

const model = ['-c', fixture('tiny-sd15/model'), '-m', fixture('tiny-sd15/motion/v2.ckpt'), '-q'];
const size = ['--width', '32', '--frames', '4', '--steps', '2', '--seed', '5'];
const generate = (...args: string[]): Promise<Result> => cli.run(['generate', ...model, ...size, ...args]);

async function made(name: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await generate(...args, '-o', `${name}.gif`);
  expect([name, code, stderr]).toEqual([name, 0, '']);
  return readFileSync(join(cli.folder, `${name}.gif`)).toString('hex');
}

/** What is told before anything is loaded. */
const refusals = async (...args: string[]): Promise<string[]> => {
  const { code, stderr } = await cli.run(['generate', '-c', 'nowhere', '-m', 'nowhere', ...args]);
  expect(code).toBe(2);
  return stderr.split('\n\n')[0]!.split('\n');
};

test('prompts travel, and every option of a generation goes through', async () => {
  const travel = ['--prompt', '(blue:1.3)', '--prompt-at', '-1=a red circle'];
  const plain = await made('travel', ...travel);
  const same = await made('same', '--prompt-at', '0=(blue:1.3)', '--prompt-at', '3=a red circle');
  expect(same).toBe(plain);
  const still = await made('still', '--prompt', '(blue:1.3)');
  const all = await made(
    'all',
    ...travel,
    ...['--travel-interpolation', 'spherical', '--travel-loop', '--travel-append', 'on black'],
    ...['--prompt-syntax', 'weighted', '--long-prompts', 'chunk', '--emphasis', 'noNorm', '--clip-skip', '1'],
    ...['--motion-scale', '1,1.5,0.5,1', '--motion-effect', 'down=0,mid=1,1,0,1,up=0.5'],
    ...['--guidance-schedule', '0=0.2,1=1.5', '--frame-seeds', '1,2,3,4'],
    ...['--free-init', '2', '--free-init-filter', 'gaussian', '--free-init-fast'],
    ...['--context-length', '3', '--context-overlap', '2', '--fuse', 'gaussian', '--fuse-sigma', '0.5'],
    ...['--scheduler', 'ddim', '--scheduler-option', 'eta=1'],
  );
  expect(new Set([plain, still, all]).size).toBe(3);
});

test('a prompt that is cut is told', async () => {
  const { stderr } = await generate('-p', 'a red circle, '.repeat(40), '-o', 'cut.gif');
  expect(stderr).toMatch(/^warning: prompt: only 75 tokens fit/);
});

/** The generation that arguments ask for, without what was not asked for. */
function asked(...args: string[]): object {
  const { values, problems } = parseOptions(args, generationCliOptions);
  expect(problems).toEqual([]);
  return JSON.parse(JSON.stringify(generateOptions(values))) as object;
}

test.each<[string[], object]>([
  [['-p', 'a', '--prompt-at', '50%=b = c'], { prompt: { 0: 'a', '50%': 'b = c' } }],
  [['-p', 'a', '--negative-at', '-1=b'], { prompt: 'a', negativePrompt: { '-1': 'b' } }],
  [
    ['-p', 'a', '-n', 'b', '--travel-prepend', 'c', '--travel-loop'],
    { prompt: 'a', negativePrompt: 'b', travel: { prepend: 'c', loop: true } },
  ],
  [
    ['-p', 'a', '--long-prompts', 'chunk', '--comma-backtrack', '3'],
    { prompt: 'a', longPrompts: 'chunk', commaBacktrack: 3 },
  ],
  [['-p', 'a', '--motion-scale', '1.5'], { prompt: 'a', motionScale: 1.5 }],
  [['-p', 'a', '--motion-effect', 'up=1,2'], { prompt: 'a', motionEffect: { up: [1, 2] } }],
  [
    ['-p', 'a', '--guidance-schedule', '0=1,1=0.5'],
    {
      prompt: 'a',
      guidanceSchedule: [
        { at: 0, factor: 1 },
        { at: 1, factor: 0.5 },
      ],
    },
  ],
  [['-p', 'a', '--frame-seeds', '3,1'], { prompt: 'a', noise: { frameSeeds: [3, 1] } }],
  [
    ['-p', 'a', '--noise', 'repeated', '--frame-seeds', '3'],
    { prompt: 'a', noise: { kind: 'repeated', length: 16, frameSeeds: [3] } },
  ],
  [
    ['-p', 'a', '--free-init', '2', '--free-init-order', '3', '--free-init-spatial', '0.1'],
    { prompt: 'a', freeInit: { iterations: 2, order: 3, spatialStopFrequency: 0.1 } },
  ],
  [
    [
      '-p',
      'a',
      '--free-init',
      '1',
      '--free-init-temporal',
      '1',
      '--free-init-fast',
      '--free-init-filter',
      'box',
    ],
    {
      prompt: 'a',
      freeInit: { iterations: 1, temporalStopFrequency: 1, useFastSampling: true, filter: 'box' },
    },
  ],
  [
    ['-p', 'a', '--closed-loop', '--use-on-equal-length', '--fuse-sigma', '2'],
    { prompt: 'a', context: { closedLoop: true, useOnEqualLength: true, sigma: 2 } },
  ],
])('%j', (args, options) => {
  expect(asked(...args)).toEqual(options);
});

test('what is wrong is told by the option’s name', async () => {
  expect(
    await refusals(
      '--prompt-at',
      'autumn',
      '--prompt-at',
      '=x',
      '--negative-at',
      '1=a',
      '--negative-at',
      '1=b',
    ),
  ).toEqual([
    '--prompt-at: expected a frame and a text, such as "16=autumn", got \'autumn\'',
    '--prompt-at: expected a frame and a text, such as "16=autumn", got \'=x\'',
    '--negative-at: frame 1 is there twice; give each frame one text',
  ]);
  expect(await refusals('-p', 'x', '--prompt-at', '0=y')).toEqual([
    "--prompt-at: frame 0 is --prompt's; give each frame one text",
  ]);
  expect(await refusals('-p', 'x', '--prompt-at', '16=y', '--negative-at', 'soon=z')).toEqual([
    '--prompt-at: 16: the animation has frames 0 to 15 (-1 to -16 from the end), got 16',
  ]);
  expect(await refusals('-p', 'x', '--negative-at', 'soon=z')).toEqual([
    expect.stringMatching(/^--negative-at: soon: expected a whole number/),
  ]);
  const amounts = ['--motion-scale', 'left=1', '--motion-effect', '1,x', '--guidance-schedule', '1'];
  expect(await refusals('-p', 'x', ...amounts, '--frame-seeds', 'one')).toEqual([
    expect.stringMatching(/^--guidance-schedule: expected shares of the steps and factors.*, got '1'$/),
    "--frame-seeds: expected numbers such as 1,2,3, got 'one'",
    expect.stringMatching(/^--motion-effect: expected a number, one a frame.*, got '1,x'$/),
    expect.stringMatching(/^--motion-scale: expected a number, one a frame.*, got 'left=1'$/),
  ]);
  expect(await refusals('-p', 'x', '--frames', '4', '--motion-scale', '1,2')).toEqual([
    '--motion-scale: expected one number a frame, 4, got 2',
  ]);
  expect(await refusals('-p', 'x', '--guidance-schedule', '0.5=1,0.5=2', '--frame-seeds', '1,-1')).toEqual([
    "--guidance-schedule: expected points whose 'at' rises",
    expect.stringMatching(/^--frame-seeds: 1: /),
  ]);
  expect(await refusals('-p', 'x', '--frame-seeds', '1,2', '--noise-order', 'torch')).toEqual([
    expect.stringMatching(/^--frame-seeds: draw each frame by itself/),
  ]);
  expect(await refusals('-p', 'x', '--free-init-filter', 'box', '--free-init-order', '0')).toEqual([
    '--free-init-filter: needs --free-init',
    '--free-init-order: needs --free-init',
    expect.stringMatching(/^--free-init-order: .*0/),
  ]);
});

test('options of a sampler need one, and are its own', async () => {
  const given = (...args: string[]): Promise<string[]> => refusals('-p', 'x', ...args);
  expect(await given('--scheduler-option', 'eta=1')).toEqual(['--scheduler-option: needs --scheduler']);
  expect(await given('--scheduler', 'ddim', '--scheduler-option', 'eta')).toEqual([
    "--scheduler-option: expected a name and a value, such as eta=1, got 'eta'",
  ]);
  expect(await given('--scheduler', 'ddim', '--scheduler-option', 'eta=much')).toEqual([
    expect.stringMatching(/^--scheduler-option: eta: .*number/),
  ]);
  expect(await given('--scheduler', 'euler', '--scheduler-option', 'eta=1')).toEqual([
    expect.stringMatching(/^--scheduler-option: .*eta/),
  ]);
});

test('help is in groups', async () => {
  const { stdout } = await cli.run(['generate', '--help']);
  const headings = [...stdout.matchAll(/^([a-zA-Z ]+):$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(
    expect.arrayContaining(['model', 'prompts', 'windows', 'guidance', 'start noise', 'movement', 'other']),
  );
  expect(stdout).toMatch(/^prompts:\n {2}-p, --prompt TEXT +what to show$/m);
});
