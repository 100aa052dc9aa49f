import { AnimateDiffError } from '../core/errors.js';
import { elementCount } from '../core/tensor.js';
import type { TensorEntry, WeightStore, WeightType } from '../weights/weight-store.js';
import { adapterError, quoted } from './adapter-errors.js';
import type { DeltaShape, PartShapes } from './delta-family.js';
import { magnitudeAxis } from './dora.js';

const scalars: ReadonlySet<string> = new Set(['alpha', 'gain']);
const floats: ReadonlySet<WeightType> = new Set([
  'f64',
  'f32',
  'f16',
  'bf16',
  'f8_e4m3',
  'f8_e5m2',
  'f8_e4m3fnuz',
  'f8_e5m2fnuz',
]);

/**
 * Checks a tensor by itself.
 * @throws `weights-mismatch` when it is empty, or no single number where one must be; `unsupported` for integers.
 */
export function checkTensor(store: WeightStore, part: string, { name, type, shape }: TensorEntry): void {
  const count = elementCount(shape);
  const found = `${quoted(name)} has the shape [${shape.join(', ')}]`;
  if (count === 0) throw adapterError(store.label, `${found}: it is empty`, { tensor: name });
  if (scalars.has(part)) {
    if (count !== 1) throw adapterError(store.label, `${found}, but must be one number`, { tensor: name });
    return;
  }
  if (floats.has(type)) return;
  throw new AnimateDiffError(
    'unsupported',
    `${store.label}: ${quoted(name)} is quantised to ${type}, which is not supported. Use the f16 or f32 version of the file`,
    { details: { file: store.label, tensor: name, type } },
  );
}

/**
 * Checks what comes with a module's product: a magnitude, a bias; and that nothing is there without it.
 * @throws `weights-mismatch`.
 */
export function checkExtras(
  parts: PartShapes,
  keys: ReadonlyMap<string, string>,
  delta: DeltaShape | undefined,
): void {
  const magnitude = (['doraScale', 'magnitude'] as const).filter((part) => keys.has(part));
  if (magnitude.length > 1) parts.refuse('say the same thing twice', ...magnitude);
  for (const part of magnitude) if (delta) magnitudeAxis(parts, part, delta);
  const bias = parts.shape('upBias');
  if (bias && elementCount(bias) !== delta?.rows) parts.refuse('do not fit each other', 'up', 'upBias');
  if (delta) return;
  const others = [...keys.keys()].filter((part) => part !== 'biasDiff' && !scalars.has(part));
  if (!keys.has('biasDiff') || others.length > 0) parts.need('weight');
}
