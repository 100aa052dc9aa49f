import type { Command, CommandContext } from './command.js';
import { jsonText, printable } from './format.js';
import { type Inspected, inspectedJson, inspectedText } from './inspect-text.js';
import { inspectFile, inspectFolder } from './inspect-weights.js';
import { sourceOf } from './model-options.js';
import type { CliValues } from './options.js';

/** Tells what files are. */
export const inspectCommand: Command = {
  name: 'inspect',
  usage: 'FILE|FOLDER|URL …',
  summary: 'tell what files are and what they are good for',
  options: [
    { name: 'tensors', kind: 'flag', help: 'list every tensor' },
    { name: 'variant', kind: 'text', value: 'NAME', help: "which of a folder's weights, such as fp16" },
    { name: 'json', kind: 'flag', help: 'as JSON, a line each' },
  ],
  takesArguments: true,
  check: ({ rest }) => (rest.length === 0 ? ['inspect needs a file, a folder or a URL'] : []),
  async run(values, context) {
    const failures: unknown[] = [];
    for (const name of values.rest) {
      try {
        await inspect(name, values, context);
      } catch (error) {
        context.signal.throwIfAborted();
        // Of many files the rest is still told; of a single one the error is the answer.
        if (values.rest.length === 1) throw error;
        failures.push(error);
        context.note(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (failures.length > 0)
      throw new Error(`${failures.length} of ${values.rest.length} could not be inspected`);
  },
};

async function inspect(name: string, values: CliValues, { out, signal }: CommandContext): Promise<void> {
  const source = sourceOf(name);
  const tensors = values.flag('tensors');
  const show = (found: Inspected): void =>
    out(values.flag('json') ? jsonText(inspectedJson(found, tensors)) : inspectedText(found, tensors));
  if (source.kind === 'file') {
    show(await inspectFile(source, () => sourceOf(name), { signal }));
    return;
  }
  const components = await inspectFolder(source, { signal, variant: values.text('variant') });
  if (components.length === 0) {
    throw new Error(
      `${printable(name)} has no weights where a model folder has them, such as unet/diffusion_pytorch_model.safetensors`,
    );
  }
  components.forEach(show);
}
