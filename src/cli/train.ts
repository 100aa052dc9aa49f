import { readFile } from 'node:fs/promises';
import { bytesSource } from '../index.js';
import { folderLatentCache, ortNode, readTrainingClips } from '../node.js';
import { type ClipTrainingOptions, lossCurve, type TrainingEvent } from '../training.js';
import { adapterProblems, adaptersOf } from './adapter-options.js';
import type { Command, CommandContext } from './command.js';
import { backendCliOptions, backendOf, sourceOf } from './model-options.js';
import { issuesOf } from './option-issues.js';
import { type CliOption, type CliValues, grouped } from './options.js';
import { kindOf, kindProblems, type TrainKind, type TrainRequest } from './train-kinds.js';
import { statePath, trainCliOptions, trainProblems } from './train-options.js';
import { jsonTrainReporter, type TrainReporter, textTrainReporter } from './train-reporter.js';
import { prepareSamples, writeSamples } from './train-samples.js';
import { prepareFile, writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  ...trainCliOptions,
  ...grouped('where it runs', backendCliOptions),
  { name: 'quiet', short: 'q', kind: 'flag', help: 'no progress' },
  { name: 'json', kind: 'flag', help: 'events as lines of JSON, without files' },
];

/** Trains a domain adapter, a motion module or a MotionLoRA from clips. */
export const trainCommand: Command = {
  name: 'train',
  usage:
    'domain-adapter|motion-module|motion-lora --checkpoint PATH --clips FOLDER --steps N -o out.safetensors',
  summary: 'learn movement or looks from clips',
  options,
  takesArguments: true,
  check: (values) => [
    ...kindProblems(values),
    ...adapterProblems(values),
    ...libraryProblems(values),
    ...trainProblems(values),
    ...issuesOf(() => backendOf(values), options),
  ],
  async run(values, context) {
    const kind = kindOf(values)!;
    const resume = await resumed(values.text('resume'));
    const plot = values.text('loss-plot');
    for (const path of [values.text('output')!, statePath(values), plot]) {
      if (path !== undefined) await prepareFile(path);
    }
    if (values.texts('samples-every').length > 0) await prepareSamples(values.text('samples'));
    const reporter = values.flag('json')
      ? jsonTrainReporter(context)
      : textTrainReporter(context, values.flag('quiet'));
    const backend = backendOf(values);
    try {
      const adapters = await adaptersOf(values, { signal: context.signal });
      const clips = await clipsOf(values, context.signal);
      await train(
        kind,
        values,
        { ...trainingOptions(values), backend, adapters, clips, resume },
        context,
        reporter,
      );
    } finally {
      reporter.end();
      await backend.dispose();
    }
  },
};

async function train(
  kind: TrainKind,
  values: CliValues,
  given: Omit<ClipTrainingOptions, 'checkpoint' | 'vae' | 'steps'> & { readonly steps: number },
  context: CommandContext,
  reporter: TrainReporter,
): Promise<void> {
  const vae = values.text('vae');
  // Before the first step there is nothing to save, and the run ends at once; then the step under way is finished.
  const early = new AbortController();
  const abort = (): void => early.abort(context.signal.reason);
  context.signal.addEventListener('abort', abort);
  const request: TrainRequest = {
    values,
    open: sourceOf,
    options: {
      ...given,
      checkpoint: sourceOf(values.text('checkpoint')!),
      vae: vae === undefined ? undefined : sourceOf(vae),
      signal: early.signal,
      stop: context.signal,
      onEvent: (event) => onEvent(event),
    },
  };
  async function onEvent(event: TrainingEvent): Promise<void> {
    reporter.event(event);
    if (event.type === 'training-start') context.signal.removeEventListener('abort', abort);
    if (event.type === 'checkpoint') {
      await writeWhole(statePath(values), event.bytes);
      reporter.written(statePath(values));
    }
    if (event.type === 'training-sample') {
      try {
        for (const path of await writeSamples(kind, request, event, context.signal)) reporter.written(path);
      } catch (error) {
        // The run itself is to end with a checkpoint.
        if (!context.signal.aborted) throw error;
      }
    }
  }
  if (context.signal.aborted) abort();
  const { file, losses } = await kind.train(request);
  const plot = values.text('loss-plot');
  if (plot !== undefined) {
    await writeWhole(plot, new TextEncoder().encode(`${lossCurve(losses)}\n`));
    reporter.written(plot);
  }
  reporter.end();
  if (losses.length < given.steps) {
    context.note(
      `${losses.length} of ${given.steps} steps are done; the same command with --resume ${statePath(values)} goes on`,
    );
    throw context.signal.reason;
  }
  const output = values.text('output')!;
  await writeWhole(output, file);
  reporter.written(output);
  if (!values.flag('json'))
    context.out(`${output}: ${losses.length} steps, loss ${losses.at(-1)!.toPrecision(3)}`);
}

/** What the library finds wrong with its own options, whatever the files hold. */
function libraryProblems(values: CliValues): string[] {
  const placeholder = bytesSource(new Uint8Array(1), { name: 'placeholder' });
  const clip = { name: '', caption: '', frames: [] };
  return issuesOf(() => {
    const given = {
      ...trainingOptions(values),
      backend: ortNode(),
      checkpoint: placeholder,
      clips: [clip],
    };
    kindOf(values)?.check({ values, options: given, open: () => placeholder });
  }, options);
}

function trainingOptions(values: CliValues): Omit<ClipTrainingOptions, 'backend' | 'checkpoint' | 'clips'> {
  const latents = values.text('latents');
  return {
    // One that is missing is told by the options' table.
    steps: values.number('steps') ?? 1,
    batchSize: values.number('batch-size'),
    accumulate: values.number('accumulate'),
    learningRate: values.number('learning-rate'),
    schedule: values.text('schedule') as ClipTrainingOptions['schedule'],
    warmupSteps: values.number('warmup-steps'),
    weightDecay: values.number('weight-decay'),
    maxGradientNorm: values.number('max-gradient-norm'),
    averageDecay: values.number('average-decay'),
    promptDropout: values.number('prompt-dropout'),
    minSnrGamma: values.number('min-snr-gamma'),
    prediction: values.text('prediction') as ClipTrainingOptions['prediction'],
    seed: values.number('seed'),
    numFrames: values.number('frames'),
    frameStride: values.number('stride'),
    recompute: values.flag('recompute'),
    checkpointEvery: values.number('checkpoint-every'),
    sampleEvery: values.number('samples-every'),
    latentCache: latents === undefined ? undefined : folderLatentCache(latents),
  };
}

function clipsOf(values: CliValues, signal: AbortSignal): ReturnType<typeof readTrainingClips> {
  const width = values.number('width') ?? 256;
  return readTrainingClips(values.text('clips')!, {
    width,
    height: values.number('height') ?? width,
    fps: values.number('fps'),
    signal,
  });
}

async function resumed(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new Error(`${path} cannot be read: ${cause.message}`, { cause });
  });
  return new Uint8Array(bytes);
}
