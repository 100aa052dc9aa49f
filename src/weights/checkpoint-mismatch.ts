import { AnimateDiffError } from '../core/errors.js';
import { type FileIdentity, identify } from './identify.js';
import type { FileKind, FileRole } from './names/file-kind.js';
import type { WeightStore } from './weight-store.js';

const expected: Readonly<Record<FileRole, string>> = {
  checkpoint: 'a Stable Diffusion 1.x checkpoint',
  motionModule: 'a motion module for Stable Diffusion 1.x',
  vae: 'a VAE of Stable Diffusion 1.x',
  adapters: 'LoRAs, MotionLoRAs, domain adapters and textual inversions',
};

/** The functions that make what 'adapters' takes of a file. */
const adapterMakers: Readonly<Partial<Record<FileKind, string>>> = {
  lora: ': [lora(…)]',
  'motion-lora': ': [motionLora(…)]',
  'domain-adapter': ': [domainAdapter(…)]',
  'textual-inversion': ': [textualInversion(…)]',
};

/**
 * Identifies a file that was given for a role.
 * @throws `weights-mismatch` when it is something else, with the option it belongs to; `unsupported` for scaled
 * 8-bit weights.
 */
export function identifyAs(role: FileRole, store: WeightStore): FileIdentity {
  const identity = identify(store.entries, store.metadata);
  if (!identity.roles.includes(role)) throw wrongFile(role, store, identity);
  refuseScaledFloat8(store);
  return identity;
}

/** The error for a file that is not what its option takes. */
export function wrongFile(role: FileRole, store: WeightStore, identity: FileIdentity): AnimateDiffError {
  const { kind, baseModel, version, roles, what } = identity;
  const first = [...store.entries.keys()].slice(0, 3);
  const seen = kind === 'unknown' && first.length > 0 ? ` (${first.map(quote).join(', ')}, …)` : '';
  const places = roles.map((name) => `'${name}'`).join(' or ');
  const advice = roles.length > 0 ? `. Give it as ${places}${adapterMakers[kind] ?? ''}` : '';
  return new AnimateDiffError(
    'weights-mismatch',
    `${store.label} is ${what}${seen}; '${role}' takes ${expected[role]}${advice}`,
    { details: { file: store.label, option: role, kind, baseModel, version, roles } },
  );
}

/** ComfyUI's fp8 files divide each weight by a scale of its own; read without it they are noise. */
function refuseScaledFloat8(store: WeightStore): void {
  const scaled = [...store.entries.keys()].find((name) => /(^|\.)(scaled_fp8|scale_weight)$/.test(name));
  if (scaled === undefined) return;
  throw new AnimateDiffError(
    'unsupported',
    `${store.label} has 8-bit weights with separate scales ('${scaled}'), which are not supported. Use its f16 or f32 version`,
    { details: { file: store.label, tensor: scaled } },
  );
}

function quote(name: string): string {
  return `'${name.length > 80 ? `${name.slice(0, 80)}…` : name}'`;
}
