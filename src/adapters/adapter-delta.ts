import { adapterError } from './adapter-errors.js';
import { type AdapterReadOptions, gainOf } from './adapter-gain.js';
import type { AdapterModule } from './adapter-module.js';
import { magnitudeAxis, setMagnitudes } from './dora.js';
import type { OpenedAdapter } from './open-adapter.js';
import { type Pace, startPace } from './pace.js';

/**
 * Adds a module's change to a layer's weight, in place and in float32.
 * @param into What the change is added to, `[rows, columns]`.
 * @param base The weight without any adapter: DoRA's change depends on it.
 * @param scale How strongly; 1 is as trained. For DoRA the change is `scale · (W' − W)`.
 * @throws `numerics` for NaN or infinity in a tensor, naming it; the signal's reason.
 */
export async function addWeightDelta(
  into: Float32Array,
  base: Float32Array,
  opened: OpenedAdapter,
  module: AdapterModule,
  scale: number,
  options: AdapterReadOptions = {},
): Promise<void> {
  const { family, delta, parts, keys } = module;
  if (!family || !delta) return;
  const gain = await gainOf(opened, module, options);
  const values = await readParts(opened, module, options);
  const pace = startPace(options.signal);
  const magnitude = (['magnitude', 'doraScale'] as const).find((part) => keys.has(part));
  if (!magnitude) return family.add(into, parts, values, scale * gain, pace);
  const decomposed = base.slice();
  await family.add(decomposed, parts, values, gain, pace);
  await setMagnitudes(decomposed, delta, magnitudeAxis(parts, magnitude, delta), values(magnitude), pace);
  await addDifference(into, decomposed, base, scale, pace);
}

/**
 * Adds a module's change to a layer's bias, in place.
 * @throws `numerics` for NaN or infinity in a tensor, naming it; the signal's reason.
 */
export async function addBiasDelta(
  into: Float32Array,
  opened: OpenedAdapter,
  module: AdapterModule,
  scale: number,
  options: AdapterReadOptions = {},
): Promise<void> {
  for (const part of ['biasDiff', 'upBias']) {
    const key = module.keys.get(part);
    if (key === undefined) continue;
    const factor = scale * (part === 'upBias' ? await gainOf(opened, module, options) : 1);
    const values = await opened.tensors.read(key, { signal: options.signal });
    for (let i = 0; i < into.length; i++) into[i] = into[i]! + factor * values[i]!;
  }
}

const notFactors: ReadonlySet<string> = new Set(['alpha', 'gain', 'biasDiff', 'upBias']);

async function readParts(
  { tensors, label }: OpenedAdapter,
  { keys }: AdapterModule,
  { signal }: AdapterReadOptions,
): Promise<(part: string) => Float32Array> {
  const values = new Map<string, Float32Array>();
  for (const [part, key] of keys)
    if (!notFactors.has(part)) values.set(part, await tensors.read(key, { signal }));
  return (part) => {
    const found = values.get(part);
    if (found) return found;
    throw adapterError(label, `the part '${part}' was asked for, but not checked`);
  };
}

async function addDifference(
  into: Float32Array,
  changed: Float32Array,
  base: Float32Array,
  scale: number,
  pace: Pace,
): Promise<void> {
  for (let i = 0; i < into.length; i++) {
    into[i] = into[i]! + scale * (changed[i]! - base[i]!);
    if (i % 65536 === 0 && pace.due()) await pace.rest();
  }
}
