import type { FileIdentity, TensorEntry } from '../index.js';
import { bytesText, printable, tableText } from './format.js';
import type { Leftovers } from './inspect-leftovers.js';

/** All that is told of one file. Names and metadata come from strangers. */
export interface Inspected {
  readonly label: string;
  /** `undefined` for weights in several files. */
  readonly bytes: number | undefined;
  readonly identity: FileIdentity;
  readonly leftovers: Leftovers | undefined;
  readonly metadata: readonly (readonly [key: string, value: string])[];
  readonly tensors: readonly TensorEntry[];
}

const mostMetadata = 40;
const mostUnknown = { text: 3, json: 1000 };

/** As plain data, without control characters and with a limit on every list. */
export function inspectedJson(found: Inspected, tensors: boolean): object {
  const { label, bytes, identity, leftovers, metadata } = found;
  const pairs = metadata.slice(0, 1000).map(([key, value]) => [printable(key), printable(value, 2000)]);
  return {
    file: printable(label, 4000),
    bytes,
    ...identity,
    ...leftovers,
    ...(leftovers && {
      unknown: leftovers.unknown.slice(0, mostUnknown.json).map((name) => printable(name)),
    }),
    metadata: Object.fromEntries(pairs),
    ...(tensors && { tensors: found.tensors.map((entry) => ({ ...entry, name: printable(entry.name) })) }),
  };
}

/** As text for people. */
export function inspectedText(found: Inspected, tensors: boolean): string {
  const { identity, metadata } = found;
  const shown = metadata
    .slice(0, mostMetadata)
    .map(([key, value]) => [`    ${printable(key, 60)}`, printable(value, 100)]);
  return [
    printable(found.label, 4000),
    `  ${printable(identity.summary, 400)}`,
    tableText(
      [...identityRows(found), ...leftoverRows(found.leftovers)].map(([name, text]) => [`  ${name}`, text]),
    ),
    ...(shown.length > 0 ? [`  metadata (${metadata.length})`, tableText(shown)] : []),
    ...(tensors ? [tensorTable(found.tensors)] : []),
  ].join('\n');
}

/** How an adapter is made, and given on the command line. */
const adapterMakers: Readonly<Partial<Record<FileIdentity['kind'], string>>> = {
  lora: '[lora(…)], or --lora',
  'motion-lora': '[motionLora(…)], or --motion-lora',
  'domain-adapter': '[domainAdapter(…)], or --domain-adapter',
  'textual-inversion': '[textualInversion(…)], or --embedding',
};

type Row = readonly [name: string, text: string];

function identityRows({ identity, bytes }: Inspected): Row[] {
  const { kind, baseModel, version, maxFrames, naming, dtypes, tensorCount, parameterCount, roles } =
    identity;
  const types = Object.entries(dtypes).map(([type, count]) => `${type} ×${count}`);
  const parameters = `${(parameterCount / 1e6).toFixed(1)} million, ${bytesText(4 * parameterCount)} in float32`;
  const use = roles.length > 0 ? roles.map((role) => `'${role}'`).join(' or ') : nothing(identity);
  const maker = roles.includes('adapters') ? adapterMakers[kind] : undefined;
  const rows: (readonly [string, string | undefined])[] = [
    ['kind', kind],
    ['base model', baseModel],
    ['version', version],
    ['most frames', maxFrames?.toString()],
    ['naming', naming],
    ['size', bytes === undefined ? undefined : bytesText(bytes)],
    ['tensors', `${tensorCount} (${types.join(', ')})`],
    ['parameters', parameters],
    ['give it as', maker === undefined ? use : `${use}: ${maker}`],
  ];
  return rows.filter((row): row is Row => row[1] !== undefined);
}

function nothing({ kind }: FileIdentity): string {
  return kind === 'text-encoder'
    ? "nothing alone: its folder as 'checkpoint'"
    : 'nothing: no option takes it';
}

function leftoverRows(leftovers: Leftovers | undefined): Row[] {
  if (leftovers === undefined) return [];
  const { ignored, unknown, warnings, contents, problem } = leftovers;
  const names = unknown.slice(0, mostUnknown.text).map((name) => printable(name, 80));
  const more = unknown.length > names.length ? ', …' : '';
  return [
    ...(contents === undefined ? [] : [['contents', printable(contents, 400)] as const]),
    ...ignored.map(({ reason, count }): Row => ['ignored', `${count}: ${reason}`]),
    ...(unknown.length > 0 ? [['unknown', `${unknown.length}: ${names.join(', ')}${more}`] as const] : []),
    ...warnings.map(({ message }): Row => ['warning', printable(message, 400)]),
    ...(problem === undefined ? [] : [['problem', printable(problem, 1000)] as const]),
  ];
}

function tensorTable(tensors: readonly TensorEntry[]): string {
  return tableText(
    tensors.map(({ name, type, shape }) => [`    ${printable(name)}`, type, `[${shape.join(', ')}]`]),
  );
}
