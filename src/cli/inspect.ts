import { type FileIdentity, identify, openWeights, type WeightStore } from '../index.js';
import type { Command, CommandContext } from './command.js';
import { bytesText, printable, tableText } from './format.js';
import { sourceOf } from './model-options.js';
import { UsageError } from './options.js';

/** Where the files of a folder usually are. */
const folderFiles = [
  'unet/diffusion_pytorch_model',
  'vae/diffusion_pytorch_model',
  'text_encoder/model',
  'text_encoder/pytorch_model',
  'motion_adapter/diffusion_pytorch_model',
  'diffusion_pytorch_model',
].flatMap((base) =>
  ['.safetensors', '.fp16.safetensors', '.bin', '.fp16.bin'].map((ending) => base + ending),
);

const mostMetadata = 40;

/** Tells what files are. */
export const inspectCommand: Command = {
  name: 'inspect',
  usage: 'FILE|FOLDER|URL …',
  summary: 'tell what files are and what they are good for',
  options: [
    { name: 'tensors', kind: 'flag', help: 'list every tensor' },
    { name: 'json', kind: 'flag', help: 'as JSON' },
  ],
  async run(values, context) {
    if (values.rest.length === 0) throw new UsageError('inspect needs a file, a folder or a URL');
    for (const name of values.rest) {
      const source = sourceOf(name);
      if (source.kind === 'file') {
        await inspectFile(
          await openWeights(source, { signal: context.signal }),
          values.flag('json'),
          values.flag('tensors'),
          context,
        );
        continue;
      }
      let found = 0;
      for (const path of folderFiles) {
        const file = await source.file(path, { signal: context.signal });
        if (file === undefined) continue;
        found++;
        await inspectFile(
          await openWeights(file, { signal: context.signal }),
          values.flag('json'),
          values.flag('tensors'),
          context,
        );
      }
      if (found === 0) throw new UsageError(`${name} has none of the files of a model folder`);
    }
  },
};

async function inspectFile(
  store: WeightStore,
  json: boolean,
  tensors: boolean,
  { out }: CommandContext,
): Promise<void> {
  try {
    const identity = identify(store.entries, store.metadata);
    const entries = [...store.entries.values()];
    if (json) {
      const metadata = Object.fromEntries(
        [...store.metadata].map(([key, value]) => [printable(key), printable(value, 2000)]),
      );
      out(JSON.stringify({ file: store.label, ...identity, metadata, ...(tensors && { tensors: entries }) }));
      return;
    }
    out(`${store.label}\n${facts(identity)}`);
    const metadata = [...store.metadata]
      .slice(0, mostMetadata)
      .map(([key, value]) => [`    ${printable(key, 60)}`, printable(value, 100)]);
    if (metadata.length > 0) out(`  metadata (${store.metadata.size})\n${tableText(metadata)}`);
    if (tensors)
      out(
        tableText(
          entries.map(({ name, type, shape }) => [`    ${printable(name)}`, type, `[${shape.join(', ')}]`]),
        ),
      );
  } finally {
    await store.close();
  }
}

function facts({
  summary,
  kind,
  naming,
  baseModel,
  version,
  maxFrames,
  dtypes,
  parameterCount,
  tensorCount,
  roles,
}: FileIdentity): string {
  const types = Object.entries(dtypes)
    .map(([type, count]) => `${type} ×${count}`)
    .join(', ');
  const rows = [
    ['kind', kind],
    ['base model', baseModel],
    ['version', version],
    ['most frames', maxFrames?.toString()],
    ['naming', naming],
    ['tensors', `${tensorCount} (${types})`],
    [
      'parameters',
      `${(parameterCount / 1e6).toFixed(1)} million, ${bytesText(4 * parameterCount)} in float32`,
    ],
    [
      'give it as',
      roles.length > 0 ? roles.map((role) => `'${role}'`).join(' or ') : 'nothing: no option takes it',
    ],
  ].filter((row): row is string[] => row[1] !== undefined);
  return `  ${summary}\n${tableText(rows.map(([name, value]) => [`  ${name}`, value!]))}`;
}
