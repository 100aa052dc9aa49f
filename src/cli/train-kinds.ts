import { bytesSource, domainAdapter, type LoadOptions, type ModelSource, motionLora } from '../index.js';
import { resolveDomainAdapter } from '../training/train-domain-adapter.js';
import { resolveMotionLora } from '../training/train-motion-lora.js';
import { resolveMotionModule } from '../training/train-motion-module.js';
import {
  type ClipTrainingOptions,
  type DomainAdapterOptions,
  type MotionLoraOptions,
  type MotionModuleOptions,
  type TrainingResult,
  trainDomainAdapter,
  trainMotionLora,
  trainMotionModule,
} from '../training.js';
import type { CliValues } from './options.js';

/** What a trainer is told. */
export interface TrainRequest {
  readonly values: CliValues;
  /** Of all trainers. */
  readonly options: ClipTrainingOptions;
  /** Opens what an option names. */
  readonly open: (path: string) => ModelSource;
}

/** One thing that can be trained. */
export interface TrainKind {
  readonly name: string;
  /** Options of the command that say nothing here, with what to say of them. */
  readonly unfit: Readonly<Record<string, string>>;
  /** @throws `invalid-options` that lists everything that is wrong. */
  check(request: TrainRequest): unknown;
  train(request: TrainRequest): Promise<TrainingResult>;
  /** What a pipeline is loaded with to see what was learned. */
  sampled(request: TrainRequest, file: Uint8Array): Pick<LoadOptions, 'adapters' | 'motionModule'>;
}

const ofNewModule = 'is of a new motion-module';
const ofClips = 'a domain-adapter sees single frames';

const domainKind: TrainKind = {
  name: 'domain-adapter',
  unfit: {
    motion: 'a domain-adapter is trained without one',
    frames: ofClips,
    stride: ofClips,
    'max-frames': ofNewModule,
    'mid-block': ofNewModule,
  },
  check: (request) => resolveDomainAdapter(domainOptions(request)),
  train: (request) => trainDomainAdapter(domainOptions(request)),
  sampled: ({ options }, file) => ({ adapters: [...(options.adapters ?? []), domainAdapter(learned(file))] }),
};

const moduleKind: TrainKind = {
  name: 'motion-module',
  unfit: { rank: 'a motion-module has none' },
  check: (request) => resolveMotionModule(moduleOptions(request)),
  train: (request) => trainMotionModule(moduleOptions(request)),
  sampled: ({ options }, file) => ({ adapters: options.adapters, motionModule: learned(file) }),
};

const loraKind: TrainKind = {
  name: 'motion-lora',
  unfit: { 'max-frames': ofNewModule, 'mid-block': ofNewModule },
  check: (request) => resolveMotionLora(loraOptions(request)),
  train: (request) => trainMotionLora(loraOptions(request)),
  sampled: (request, file) => ({
    adapters: [...(request.options.adapters ?? []), motionLora(learned(file))],
    motionModule: loraOptions(request).motionModule,
  }),
};

/** All that can be trained. */
export const trainKinds: readonly TrainKind[] = [domainKind, moduleKind, loraKind];

/** What is wrong with what was asked to be trained, and with options that say nothing then. */
export function kindProblems(values: CliValues): string[] {
  const kind = kindOf(values);
  const names = trainKinds.map(({ name }) => `'${name}'`).join(', ');
  if (kind === undefined || values.rest.length > 1) return [`train: expected one of ${names}`];
  const given = (name: string): boolean => values.texts(name).length > 0 || values.flag(name);
  return [
    ...(kind === loraKind && !given('motion') ? ['--motion is needed: the module that it is for'] : []),
    ...Object.entries(kind.unfit).flatMap(([name, why]) =>
      given(name) ? [`--${name}: ${why}; leave it out`] : [],
    ),
    ...(kind === moduleKind && given('motion') ? ['max-frames', 'mid-block'] : [])
      .filter(given)
      .map((name) => `--${name}: the module of --motion has its own; leave it out`),
  ];
}

/** What was asked to be trained. */
export function kindOf(values: CliValues): TrainKind | undefined {
  return trainKinds.find(({ name }) => name === values.rest[0]);
}

function domainOptions({ values, options }: TrainRequest): DomainAdapterOptions {
  const { numFrames: _, frameStride: __, ...rest } = options;
  return { ...rest, rank: values.number('rank') };
}

function loraOptions({ values, options, open }: TrainRequest): MotionLoraOptions {
  return { ...options, rank: values.number('rank'), motionModule: open(values.text('motion') ?? '') };
}

function moduleOptions({ values, options, open }: TrainRequest): MotionModuleOptions {
  const motion = values.text('motion');
  return {
    ...options,
    motionModule: motion === undefined ? undefined : open(motion),
    maxFrames: values.number('max-frames'),
    midBlock: values.flag('mid-block'),
  };
}

function learned(file: Uint8Array): ModelSource {
  return bytesSource(file, { name: 'learned.safetensors' });
}
