import { freemem } from 'node:os';
import { AnimateDiffPipeline, type Residency } from '../index.js';
import type { Command } from './command.js';
import { bytesText, tableText } from './format.js';
import { modelCliOptions, modelOptions } from './model-options.js';

/** Tells the memory that a generation needs. */
export const planCommand: Command = {
  name: 'plan',
  usage: '--checkpoint PATH --motion PATH --frames 16 --width 512',
  summary: 'tell the memory that a generation needs, from headers alone',
  options: [
    ...modelCliOptions,
    { name: 'frames', kind: 'number', value: 'N', help: 'frames (16)' },
    { name: 'width', kind: 'number', value: 'PIXELS', help: 'multiple of 8' },
    { name: 'height', kind: 'number', value: 'PIXELS', help: 'multiple of 8 (as the width)' },
    {
      name: 'residency',
      kind: 'text',
      choices: ['all', 'unet', 'one'],
      help: 'which networks stay in memory',
    },
    { name: 'json', kind: 'flag', help: 'as JSON' },
  ],
  async run(values, { out, signal }) {
    const plan = await AnimateDiffPipeline.plan({
      ...modelOptions(values),
      numFrames: values.number('frames'),
      width: values.number('width'),
      height: values.number('height'),
      residency: values.text('residency') as Residency | undefined,
      signal,
    });
    if (values.flag('json')) {
      out(JSON.stringify(plan));
      return;
    }
    const rows = plan.networks.map(({ name, weightBytes, activationBytes }) => [
      name,
      bytesText(weightBytes),
      bytesText(activationBytes),
    ]);
    out(tableText([['network', 'weights', 'at work'], ...rows, ['all', bytesText(plan.weightBytes), '']]));
    const free = freemem();
    const verdict = plan.peakBytes > free ? 'it will not fit' : 'it fits';
    out(
      `\nresidency '${plan.residency}': about ${bytesText(plan.peakBytes)} at the peak; ${bytesText(free)} are free, ${verdict}`,
    );
  },
};
