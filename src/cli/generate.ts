import { AnimateDiffPipeline, encodeGenerationState, type Residency } from '../index.js';
import { adapterCliOptions, adapterProblems, adaptersOf } from './adapter-options.js';
import { batchCliOptions, batchOf, batchProblems } from './batch-options.js';
import type { Command } from './command.js';
import { controlProblems } from './control-options.js';
import {
  generateOptions,
  generationCliOptions,
  generationProblems,
  schedulerCliOptions,
  schedulerOf,
  schedulerProblems,
} from './generate-options.js';
import {
  backendCliOptions,
  backendOf,
  modelCliOptions,
  modelOptions,
  precisionCliOptions,
  precisionOptions,
  residencyCliOption,
} from './model-options.js';
import { issuesOf } from './option-issues.js';
import { type CliOption, grouped } from './options.js';
import { enlargementOf, outputCliOptions, outputProblems, outputsOf, rehearse } from './outputs.js';
import { fpsOf, pauseCliOptions, pauseProblems, resumedState, saveEvery } from './pause-options.js';
import { pictureProblems, picturesOf, rehearsePictures } from './picture-options.js';
import { promptProblems } from './prompt-options.js';
import { jsonReporter, textReporter } from './reporter.js';
import { contextProblems } from './window-options.js';
import { numbered, writeAll, writeAnimation, writePreview } from './write-animation.js';
import { prepareFile, writeWhole } from './write-file.js';

const options: readonly CliOption[] = [
  ...grouped('model', modelCliOptions),
  ...grouped('adapters', adapterCliOptions),
  ...generationCliOptions,
  ...grouped('sampler', schedulerCliOptions),
  ...grouped('many animations', batchCliOptions),
  ...grouped('stopping and going on', pauseCliOptions),
  ...grouped('output', outputCliOptions),
  ...grouped('where it runs', [...backendCliOptions, ...precisionCliOptions, residencyCliOption]),
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
    ...pauseProblems(values, [...generationCliOptions, ...batchCliOptions]),
    ...generationProblems(generateOptions(values), options),
    ...promptProblems(values),
    ...pictureProblems(values),
    ...controlProblems(values),
    ...batchProblems(values),
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
    const preview = values.text('preview');
    const request = {
      ...generateOptions(values),
      ...(preview !== undefined && { preview: 'linear' as const }),
    };
    const sampler = schedulerOf(values);
    const state = await resumedState(values);
    const savePath = values.text('save-state');
    const adapters = await adaptersOf(values, { signal });
    const { prompt: _prompt, seed: _seed, ...common } = request;
    const batch = await batchOf(values, request, signal);
    const writing = { factor: enlargementOf(values), reporter, signal, preview };
    const first = batch ? numbered(outputs, { index: 0, count: 1 }) : outputs;
    await rehearse(first, { fps: state ? fpsOf(state) : request.fps, signal });
    for (const path of [savePath, preview]) if (path !== undefined) await prepareFile(path);
    await rehearsePictures(values, signal);
    const backend = backendOf(values);
    try {
      await using pipeline = await AnimateDiffPipeline.load({
        ...model,
        ...precisionOptions(values),
        adapters,
        backend,
        scheduler: sampler?.scheduler,
        residency: values.text('residency') as Residency | undefined,
        signal,
        onProgress: reporter.load,
      });
      for (const warning of sampler?.warnings ?? []) reporter.event({ type: 'warning', warning });
      const pictures = await picturesOf(values, pipeline.info.nativeSize, signal);
      const pace = { checkpointEvery: saveEvery(values), preview: request.preview, signal };
      if (batch !== undefined) {
        const events = pipeline.batch({ ...common, ...pictures, ...batch, signal });
        await writeAll(events, outputs, writing, batch.onError === 'continue');
        return;
      }
      const events = state
        ? pipeline.resume(state, pace)
        : pipeline.stream({ ...request, ...pictures, ...pace });
      for await (const event of events) {
        reporter.event(event);
        await writePreview(event, writing);
        if (event.type === 'checkpoint' && savePath !== undefined) {
          await writeWhole(savePath, encodeGenerationState(event.state));
          reporter.written(savePath);
        }
        if (event.type !== 'generation-end') continue;
        await writeAnimation(event.animation, outputs, writing);
      }
    } finally {
      reporter.end();
      await backend.dispose();
    }
  },
};
