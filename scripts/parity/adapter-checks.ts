import {
  type Adapter,
  type AdapterMode,
  AnimateDiffPipeline,
  type Backend,
  domainAdapter,
  lora,
  motionLora,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { type Check, compare, relativeError } from './check.js';
import type { ModelForm } from './forms.js';
import type { Reference } from './reference.js';
import { unetInput } from './unet-input.js';

interface AdapterCase {
  /** The recorded tensor. */
  readonly name: string;
  adapters(mode: AdapterMode): Adapter[];
}

/** Every recorded output of the model with adapters: merged, live, and gone again without a trace. */
export async function* adapterChecks(
  reference: Reference,
  form: ModelForm,
  backend: Backend,
): AsyncGenerator<Check> {
  const cases = adapterCases(reference);
  const motion = ['motion/v2.ckpt', 'motion/v2-folder'].find((path) => reference.has(path));
  if (cases.length === 0 || motion === undefined) return;
  const pipeline = await AnimateDiffPipeline.load({
    ...form.options,
    motionModule: fileSource(reference.path(motion)),
    motionGroupNorm: 'frame',
    backend,
  });
  try {
    const { textEncoder, unet } = pipeline.components;
    const input = await unetInput(reference);
    const text = async (): Promise<Float32Array> => (await textEncoder.encode(reference.prompts)).data;
    const noise = async (): Promise<Float32Array> => (await unet.predict(input)).data;
    let worst = 0;
    const sensitivity = async (result: Float32Array): Promise<number> => {
      const { sample } = input;
      for (const seed of [1, 2, 3, 4]) {
        const data = sample.data.map((value, i) => value * (1 + ((((i + 1) * seed) % 3) - 1) * 2 ** -23));
        const { data: moved } = await unet.predict({ ...input, sample: { ...sample, data } });
        worst = Math.max(worst, relativeError(moved, result));
      }
      return worst;
    };
    for (const { name, adapters } of cases) {
      worst = 0;
      const output = name.startsWith('text.') ? text : noise;
      const plain = await output();
      const expected = (await reference.tensor(name)).data;
      const results: Float32Array[] = [];
      for (const mode of ['fused', 'live'] as const) {
        const added = adapters(mode);
        for (const adapter of added) await pipeline.adapters.add(adapter);
        const result = await output();
        results.push(result);
        const check = compare(`${name} (${mode})`, result, expected);
        yield check.passed ? check : { ...check, sensitivity: await sensitivity(result) };
        for (const adapter of added) await pipeline.adapters.setScale(adapter.name, 0);
        yield compare(`${name} (${mode}, scale 0: as without adapters)`, await output(), plain, 0);
        for (const adapter of added) await pipeline.adapters.remove(adapter.name);
        yield compare(`${name} (${mode}, removed: as without adapters)`, await output(), plain, 0);
      }
      const agreement = compare(`${name} (live as fused)`, results[1]!, results[0]!);
      yield agreement.passed ? agreement : { ...agreement, sensitivity: worst };
    }
  } finally {
    await pipeline.dispose();
  }
}

function adapterCases(reference: Reference): AdapterCase[] {
  return reference.names.flatMap((name): AdapterCase[] => {
    const what = /^(?:unet\.v2\.|text\.embeddings_)(.+)$/.exec(name)?.[1];
    const make = what === undefined ? undefined : adaptersOf(reference, what);
    return make === undefined ? [] : [{ name, adapters: make }];
  });
}

function adaptersOf(reference: Reference, what: string): ((mode: AdapterMode) => Adapter[]) | undefined {
  const file = (name: string): ReturnType<typeof fileSource> =>
    fileSource(reference.path(`adapters/${name}`));
  const kohya = (scale: number, mode: AdapterMode): Adapter =>
    lora(file('style-kohya.safetensors'), { scale, mode });
  const peft = (scale: number, mode: AdapterMode): Adapter =>
    lora(file('style-peft.safetensors'), { scale, mode });
  const domain = (scale: number, mode: AdapterMode): Adapter =>
    domainAdapter(file('domain-adapter.ckpt'), { scale, mode });
  const motion = (which: string, scale: number, mode: AdapterMode): Adapter =>
    motionLora(file(`motion-lora-${which}.ckpt`), { scale, mode });
  if (what === 'everything') {
    return (mode) => [
      kohya(0.7, mode),
      peft(0.3, mode),
      domain(0.5, mode),
      motion('a', 0.6, mode),
      motion('b', 0.4, mode),
    ];
  }
  const single = /^(lora|peft|domain)_(\d+(?:\.\d+)?)$/.exec(what);
  if (single) {
    const make = { lora: kohya, peft, domain }[single[1] as 'lora'];
    return (mode) => [make(Number(single[2]), mode)];
  }
  const motions = /^motion_lora_a_(\d+(?:\.\d+)?)(?:_b_(\d+(?:\.\d+)?))?$/.exec(what);
  if (!motions) return undefined;
  const [, a, b] = motions;
  return (mode) => [motion('a', Number(a), mode), ...(b === undefined ? [] : [motion('b', Number(b), mode)])];
}
