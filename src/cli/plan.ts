import { AnimateDiffPipeline, type PlanOptions, type Residency } from '../index.js';
import { ortNode } from '../node.js';
import type { Command } from './command.js';
import { bytesText, jsonText, tableText } from './format.js';
import { generationProblems, sizeCliOptions, sizeOptions } from './generate-options.js';
import {
  deviceCliOption,
  modelCliOptions,
  modelOptions,
  plannedPrecisionCliOptions,
  precisionOptions,
  residencyCliOption,
} from './model-options.js';
import type { CliOption } from './options.js';

const options: readonly CliOption[] = [
  ...modelCliOptions,
  ...sizeCliOptions,
  ...plannedPrecisionCliOptions,
  residencyCliOption,
  deviceCliOption,
  { name: 'json', kind: 'flag', help: 'as JSON' },
];

/** Tells the memory that a generation needs. */
export const planCommand: Command = {
  name: 'plan',
  usage: '--checkpoint PATH --motion PATH --frames 16 --width 512',
  summary: 'tell the memory that a generation needs, from headers alone',
  options,
  check: (values) => generationProblems({ prompt: '', ...sizeOptions(values) }, options),
  async run(values, { out, signal }) {
    const backend = ortNode({ device: values.text('device') as 'cpu' | undefined });
    const plan = await AnimateDiffPipeline.plan({
      ...modelOptions(values),
      ...sizeOptions(values),
      ...(precisionOptions(values) as Pick<PlanOptions, 'precision' | 'vaePrecision' | 'quantization'>),
      residency: values.text('residency') as Residency | undefined,
      backend,
      signal,
    }).finally(() => backend.dispose());
    // Counts what the system would give back, and a container's limit where there is one.
    const freeBytes = process.availableMemory();
    if (values.flag('json')) {
      out(jsonText({ ...plan, freeBytes }));
      return;
    }
    const rows = plan.networks.map(({ name, weightBytes, activationBytes }) => [
      name,
      bytesText(weightBytes),
      bytesText(activationBytes),
    ]);
    out(tableText([['network', 'weights', 'at work'], ...rows, ['all', bytesText(plan.weightBytes), '']]));
    const verdict = plan.peakBytes > freeBytes ? 'it will not fit' : 'it fits';
    out(
      `\nresidency '${plan.residency}': about ${bytesText(plan.peakBytes)} at the peak; ${bytesText(freeBytes)} are free, ${verdict}`,
    );
  },
};
