import type { FileNaming } from '../weights/names/file-kind.js';
import type { WeightAdapterKind } from './adapter.js';
import { motionTarget, textTarget } from './adapter-kind.js';
import type { AdapterModule } from './adapter-module.js';

const kindNames: Readonly<Record<WeightAdapterKind, string>> = {
  lora: 'a LoRA',
  'motion-lora': 'a MotionLoRA',
  'domain-adapter': 'a domain adapter or early LoRA',
};

const distillations = { lcm: ', distilled for the LCM scheduler', animatelcm: ', distilled for AnimateLCM' };

/** One sentence on what an adapter's file holds. */
export function describeAdapter(
  kind: WeightAdapterKind,
  naming: FileNaming,
  modules: readonly AdapterModule[],
  distillation: keyof typeof distillations | undefined,
): string {
  const methods = new Set(modules.map(methodOf));
  const ranks = modules.flatMap(({ delta }) => delta?.rank ?? []);
  const [low, high] = [min(ranks), max(ranks)];
  const rank = ranks.length === 0 ? '' : `, rank ${low === high ? low : `${low} to ${high}`}`;
  const names = naming === 'unknown' ? '' : `, ${naming} names`;
  const distilled = distillation === undefined ? '' : distillations[distillation];
  const places = [...new Set(modules.map(placeOf))].join(', ');
  const layers = `${modules.length} ${modules.length === 1 ? 'layer' : 'layers'} of the ${places}`;
  return `This is ${kindNames[kind]}${distilled}: ${[...methods].join(', ')} on ${layers}${rank}${names}.`;
}

function methodOf({ family, keys }: AdapterModule): string {
  const name = family?.name ?? 'bias difference';
  return keys.has('doraScale') || keys.has('magnitude') ? `${name} with DoRA` : name;
}

function placeOf({ target }: AdapterModule): string {
  if (textTarget.test(target)) return 'text encoder';
  return motionTarget.test(target) ? 'motion module' : 'image UNet';
}

// Not Math.min(...ranks): a file may have more modules than a call may have arguments.
function min(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function max(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
