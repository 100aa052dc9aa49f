import type { ByteSource, ReadOptions } from '../core/source.js';
import type { Checkpoint } from './checkpoint.js';
import { type ComponentWeights, componentOf, orClose } from './checkpoint-component.js';
import { identifyAs, wrongFile } from './checkpoint-mismatch.js';
import {
  guidanceInputWarnings,
  predictionWarnings,
  scheduleWarnings,
  unknownTensorWarnings,
} from './checkpoint-warnings.js';
import { openContainer } from './containers/open-container.js';
import { ignoredCheckpointKeys } from './names/ignored-keys.js';
import {
  locateTextEncoder,
  locateUnet,
  locateVae,
  textEncoderPart,
  unetPart,
  vaePart,
} from './names/locate.js';
import { type FilePart, type KeyReport, matchKeys } from './names/match-keys.js';
import type { WeightStore } from './weight-store.js';

/** Opens a checkpoint that is one file. See `openCheckpoint`. */
export async function openSingleFileCheckpoint(
  source: ByteSource,
  options: ReadOptions,
): Promise<Checkpoint> {
  return orClose(source, async () => {
    const store = await openContainer(source, { signal: options.signal });
    return orClose(store, () => singleFileCheckpoint(store, options));
  });
}

/** Takes an opened file apart. The checkpoint owns the store from then on. */
export async function singleFileCheckpoint(
  store: WeightStore,
  options: ReadOptions = {},
): Promise<Checkpoint> {
  const identity = identifyAs('checkpoint', store);
  const names = new Set(store.entries.keys());
  const unet = locateUnet(names);
  if (!unet?.layout) throw wrongFile('checkpoint', store, identity);
  const vae = locateVae(names);
  const text = locateTextEncoder(names);
  const parts: Record<'unet' | 'vae' | 'text', FilePart | undefined> = {
    unet: unetPart(unet, unet.layout),
    vae: vae?.layout && vaePart(vae, vae.layout),
    text: text?.layout ? textEncoderPart(text, text.layout) : undefined,
  };
  const { components, leftovers } = takeApart(store, parts);
  const found = [components.unet, components.vae, components.text].filter((part) => part !== undefined);
  const reports = [...found.map(({ report }) => report), leftovers];
  return {
    form: 'single-file',
    label: store.label,
    identity,
    unet: components.unet as ComponentWeights,
    vae: components.vae,
    textEncoder: components.text,
    tokenizerFiles: undefined,
    schedulerConfig: undefined,
    leftovers,
    warnings: [
      ...unknownTensorWarnings(store.label, mergeReports(reports)),
      ...predictionWarnings(store, undefined),
      ...guidanceInputWarnings((components.unet as ComponentWeights).store),
      ...(await scheduleWarnings(store, options)),
    ],
    close: () => store.close(),
  };
}

function takeApart<Name extends string>(
  store: WeightStore,
  parts: Readonly<Record<Name, FilePart | undefined>>,
): { components: Record<Name, ComponentWeights | undefined>; leftovers: KeyReport } {
  const present = (Object.keys(parts) as Name[]).filter((name) => parts[name] !== undefined);
  const list = present.map((name) => parts[name] as FilePart);
  const { parts: matches, rest } = matchKeys(store.entries, list, ignoredCheckpointKeys);
  const components = {} as Record<Name, ComponentWeights | undefined>;
  present.forEach((name, index) => {
    const match = matches[index];
    if (match) components[name] = componentOf(store, match, undefined);
  });
  return { components, leftovers: rest };
}

function mergeReports(reports: readonly KeyReport[]): KeyReport {
  return {
    used: reports.flatMap(({ used }) => used),
    ignored: reports.flatMap(({ ignored }) => ignored),
    unknown: reports.flatMap(({ unknown }) => unknown),
  };
}
