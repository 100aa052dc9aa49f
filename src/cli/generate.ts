import { AnimateDiffPipeline, type GenerateOptions, type PipelineEvent, type Residency } from '../index.js';
import { contactSheet, encodePng, encoderForPath } from '../media.js';
import { mp4Encoder } from '../node.js';
import type { Command, CommandContext } from './command.js';
import { enlarge } from './enlarge.js';
import { backendCliOptions, backendOf, modelCliOptions, modelOptions } from './model-options.js';
import { type CliOption, type CliValues, UsageError } from './options.js';
import { type ProgressLine, progressLine } from './progress-line.js';
import { writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  ...modelCliOptions,
  { name: 'prompt', short: 'p', kind: 'text', value: 'TEXT', help: 'what to show' },
  { name: 'negative', short: 'n', kind: 'text', value: 'TEXT', help: 'what not to show' },
  { name: 'frames', kind: 'number', value: 'N', help: 'frames (16)' },
  { name: 'width', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the model was trained)' },
  { name: 'height', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the width)' },
  { name: 'steps', kind: 'number', value: 'N', help: "denoising steps (the module's preset)" },
  { name: 'guidance', kind: 'number', value: 'X', help: "strength of guidance (the module's preset)" },
  { name: 'seed', kind: 'number', value: 'N', help: 'the same seed makes the same frames (random)' },
  { name: 'fps', kind: 'number', value: 'N', help: 'frames a second (8)' },
  {
    name: 'clip-skip',
    kind: 'number',
    value: 'N',
    help: "last layers of the text encoder to leave out (0; A1111's number less 1)",
  },
  {
    name: 'guidance-batching',
    kind: 'text',
    choices: ['auto', 'batched', 'sequential'],
    help: 'both halves of guidance at once or not',
  },
  { name: 'residency', kind: 'text', choices: ['all', 'unet', 'one'], help: 'which networks stay in memory' },
  {
    name: 'output',
    short: 'o',
    kind: 'text',
    value: 'PATH',
    many: true,
    help: 'where to write: .gif .webp .apng .png .mp4 (animation.gif)',
  },
  { name: 'sheet', kind: 'text', value: 'PATH.png', help: 'all frames on one picture' },
  { name: 'enlarge', kind: 'number', value: 'N', help: 'repeat each pixel N times in what is written (1)' },
  ...backendCliOptions,
  { name: 'quiet', short: 'q', kind: 'flag', help: 'no progress' },
  { name: 'json', kind: 'flag', help: 'events as lines of JSON, without pictures' },
];

/** Makes an animation and writes it. */
export const generateCommand: Command = {
  name: 'generate',
  usage: '--checkpoint PATH --motion PATH --prompt TEXT -o out.gif',
  summary: 'make an animation',
  options,
  async run(values, context) {
    const { prompt, outputs, sheet, factor } = plannedOutputs(values);
    const progress = values.flag('quiet') || values.flag('json') ? silent : progressLine(context.stderr);
    const pipeline = await AnimateDiffPipeline.load({
      ...modelOptions(values),
      backend: backendOf(values),
      residency: values.text('residency') as Residency | undefined,
      signal: context.signal,
      onProgress: ({ phase, component, loaded, total, secondsLeft }) => {
        if (phase !== 'open')
          progress.show(`${phase} ${component}`, total === 0 ? 1 : loaded / total, secondsLeft);
      },
    });
    try {
      for await (const event of pipeline.stream({
        prompt,
        ...generateOptions(values),
        signal: context.signal,
      })) {
        report(event, values.flag('json'), progress, context);
        if (event.type !== 'generation-end') continue;
        const { frames, fps } = event.animation;
        const pictures = frames.map((frame) => enlarge(frame, factor));
        for (const { path, encoder } of outputs) {
          await writeWhole(path, await encoder.encode(pictures, { fps, signal: context.signal }));
        }
        if (sheet !== undefined) await writeWhole(sheet, await encodePng(contactSheet(pictures)));
        const written = [...outputs.map(({ path }) => path), ...(sheet === undefined ? [] : [sheet])];
        if (!values.flag('json')) context.out(`seed ${event.animation.seed}: ${written.join(', ')}`);
      }
    } finally {
      progress.end();
      await pipeline.dispose();
    }
  },
};

const silent: ProgressLine = { show() {}, end() {} };

// Everything that can be told before hours of work is told before.
function plannedOutputs(values: CliValues): {
  prompt: string;
  outputs: { path: string; encoder: ReturnType<typeof encoderForPath> }[];
  sheet: string | undefined;
  factor: number;
} {
  const prompt = values.text('prompt');
  const problems = [
    ...(values.text('checkpoint') === undefined ? ['--checkpoint is needed'] : []),
    ...(prompt === undefined ? ['--prompt is needed'] : []),
    ...values.rest.map((argument) => `unexpected argument '${argument}'`),
  ];
  const factor = values.number('enlarge') ?? 1;
  if (!Number.isInteger(factor) || factor < 1 || factor > 64)
    problems.push('--enlarge: expected a whole number from 1 to 64');
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const paths = values.texts('output').length > 0 ? values.texts('output') : ['animation.gif'];
  return {
    prompt: prompt!,
    outputs: paths.map((path) => ({ path, encoder: encoderForPath(path, [mp4Encoder]) })),
    sheet: values.text('sheet'),
    factor,
  };
}

function generateOptions(values: CliValues): Omit<GenerateOptions, 'prompt'> {
  return {
    negativePrompt: values.text('negative'),
    numFrames: values.number('frames'),
    width: values.number('width'),
    height: values.number('height'),
    numInferenceSteps: values.number('steps'),
    guidanceScale: values.number('guidance'),
    seed: values.number('seed'),
    fps: values.number('fps'),
    clipSkip: values.number('clip-skip'),
    guidanceBatching: values.text('guidance-batching') as GenerateOptions['guidanceBatching'],
  };
}

function report(event: PipelineEvent, json: boolean, progress: ProgressLine, context: CommandContext): void {
  if (json) {
    context.out(JSON.stringify(event, withoutPictures));
    return;
  }
  if (event.type === 'warning') {
    progress.end();
    context.note(`warning: ${event.warning.message}`);
  }
  if (event.type === 'load-progress') {
    const { phase, component, loaded, total, secondsLeft } = event.progress;
    progress.show(`${phase} ${component}`, total === 0 ? 1 : loaded / total, secondsLeft);
  }
  if (event.type === 'step-end') {
    const done = event.step + 1;
    progress.show('denoising', done / event.steps, event.secondsLeft, `${done}/${event.steps}`);
  }
  if (event.type === 'frame-decoded') {
    const done = event.frame + 1;
    progress.show('decoding', done / event.frames, event.secondsLeft, `${done}/${event.frames}`);
  }
}

function withoutPictures(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? undefined : value;
}
