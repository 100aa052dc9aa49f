import { AnimateDiffPipeline, type Animation, encodeGenerationState, type Residency } from '../index.js';
import { adapterCliOptions, adapterProblems, adaptersOf } from './adapter-options.js';
import type { Command } from './command.js';
import { freeInitProblems } from './control-options.js';
import { enlarge } from './enlarge.js';
import {
  generateOptions,
  generationCliOptions,
  generationProblems,
  schedulerCliOption,
  schedulerOf,
  schedulerProblems,
} from './generate-options.js';
import {
  backendCliOptions,
  backendOf,
  modelCliOptions,
  modelOptions,
  residencyCliOption,
} from './model-options.js';
import { issuesOf } from './option-issues.js';
import type { CliOption } from './options.js';
import {
  enlargementOf,
  type Output,
  outputCliOptions,
  outputProblems,
  outputsOf,
  rehearse,
} from './outputs.js';
import { fpsOf, pauseCliOptions, pauseProblems, resumedState, saveEvery } from './pause-options.js';
import { jsonReporter, type Reporter, textReporter } from './reporter.js';
import { contextProblems } from './window-options.js';
import { prepareFile, writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  ...modelCliOptions,
  ...adapterCliOptions,
  ...generationCliOptions,
  schedulerCliOption,
  ...pauseCliOptions,
  ...outputCliOptions,
  ...backendCliOptions,
  residencyCliOption,
  { name: 'quiet', short: 'q', kind: 'flag', help: 'no progress' },
  { name: 'json', kind: 'flag', help: 'events as lines of JSON, without pictures' },
];

/** Makes an animation and writes it. */
export const generateCommand: Command = {
  name: 'generate',
  usage: '--checkpoint PATH --motion PATH --prompt TEXT -o out.gif',
  summary: 'make an animation',
  options,
  check: (values) => [
    ...adapterProblems(values),
    ...pauseProblems(values, generationCliOptions),
    ...generationProblems(generateOptions(values), options),
    ...freeInitProblems(values),
    ...contextProblems(values),
    ...schedulerProblems(values),
    ...issuesOf(() => backendOf(values), options),
    ...outputProblems(values),
  ],
  async run(values, context) {
    const { signal } = context;
    const reporter = values.flag('json')
      ? jsonReporter(context)
      : textReporter(context, values.flag('quiet'));
    const model = modelOptions(values);
    const outputs = outputsOf(values);
    const request = generateOptions(values);
    const sampler = schedulerOf(values);
    const state = await resumedState(values);
    const savePath = values.text('save-state');
    const adapters = await adaptersOf(values, { signal });
    await rehearse(outputs, { fps: state ? fpsOf(state) : request.fps, signal });
    if (savePath !== undefined) await prepareFile(savePath);
    const backend = backendOf(values);
    try {
      await using pipeline = await AnimateDiffPipeline.load({
        ...model,
        adapters,
        backend,
        scheduler: sampler?.scheduler,
        residency: values.text('residency') as Residency | undefined,
        signal,
        onProgress: reporter.load,
      });
      for (const warning of sampler?.warnings ?? []) reporter.event({ type: 'warning', warning });
      const pace = { checkpointEvery: saveEvery(values), signal };
      const events = state ? pipeline.resume(state, pace) : pipeline.stream({ ...request, ...pace });
      for await (const event of events) {
        reporter.event(event);
        if (event.type === 'checkpoint' && savePath !== undefined) {
          await writeWhole(savePath, encodeGenerationState(event.state));
          reporter.written(savePath);
        }
        if (event.type !== 'generation-end') continue;
        await write(event.animation, outputs, enlargementOf(values), reporter, signal);
      }
    } finally {
      reporter.end();
      await backend.dispose();
    }
  },
};

async function write(
  { frames, fps, seed }: Animation,
  outputs: readonly Output[],
  factor: number,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const pictures = frames.map((frame) => enlarge(frame, factor));
  const failures: unknown[] = [];
  const written: string[] = [];
  for (const { path, encode } of outputs) {
    const onProgress = ({ done, total }: { done: number; total: number }): void =>
      reporter.writing(path, done / total);
    try {
      await writeWhole(path, await encode(pictures, { fps, signal, onProgress }));
      written.push(path);
      reporter.written(path);
    } catch (error) {
      // The work is done: what can be kept of it is kept.
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (written.length > 0) reporter.done(seed, written);
  if (failures.length > 0) throw failures[0];
}
