import type { ReadOptions } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import type { KeyReport } from './names/match-keys.js';
import type { WeightStore } from './weight-store.js';

/** One warning for tensors that no rule knows; none when there are none. */
export function unknownTensorWarnings(label: string, report: KeyReport): Warning[] {
  const { unknown } = report;
  if (unknown.length === 0) return [];
  const shown = unknown.slice(0, 3).map((name) => `'${name.slice(0, 120)}'`);
  const more = unknown.length > shown.length ? ` and ${unknown.length - shown.length} more` : '';
  return [
    {
      code: 'unknown-tensors',
      message: `${label} has tensors that are not used: ${shown.join(', ')}${more}. The model may look different than elsewhere`,
    },
  ];
}

/** Warnings for models that were trained to predict velocity, which the default schedulers do not expect. */
export function predictionWarnings(
  store: WeightStore,
  schedulerConfig: Readonly<Record<string, unknown>> | undefined,
): Warning[] {
  const marked = store.entries.has('v_pred') || store.entries.has('ztsnr');
  const told = /^v/i.test(store.metadata.get('modelspec.prediction_type') ?? '');
  if (!marked && !told && schedulerConfig?.['prediction_type'] !== 'v_prediction') return [];
  return [
    {
      code: 'v-prediction',
      message: `${store.label} says that it predicts velocity. Motion modules were trained with models that predict noise: expect poor motion, and give a scheduler with predictionType 'v_prediction'`,
    },
  ];
}

/** A warning for UNets that take the guidance scale as an input, which is not fed here. */
export function guidanceInputWarnings(unet: WeightStore): Warning[] {
  if (!unet.entries.has('time_embedding.cond_proj.weight')) return [];
  return [
    {
      code: 'guidance-input',
      message: `${unet.label} was distilled with the guidance scale as an input of the UNet. That input is not fed; the LoRA form of such models works better here`,
    },
  ];
}

/** A warning when a VAE's config names Stable Diffusion XL's scale: the tensors alone cannot tell the two apart. */
export function vaeWarnings(label: string, config: Readonly<Record<string, unknown>> | undefined): Warning[] {
  const factor = config?.['scaling_factor'];
  if (typeof factor !== 'number' || Math.abs(factor - 0.13025) > 1e-6) return [];
  return [
    {
      code: 'sdxl-vae',
      message: `${label} seems to be the VAE of Stable Diffusion XL (scaling factor ${factor}): colours will come out wrong`,
    },
  ];
}

/** One network of a folder and the variant that was found for it. */
export interface PickedVariant {
  /** Relative to the folder. */
  readonly path: string;
  /** `undefined` for the plain file. */
  readonly variant: string | undefined;
}

/** Warnings when the networks of a folder come in different variants, or in another than the wanted one. */
export function variantWarnings(wanted: string | undefined, picks: readonly PickedVariant[]): Warning[] {
  const list = picks.map(({ path }) => path).join(', ');
  if (new Set(picks.map(({ variant }) => variant)).size > 1) {
    return [
      { code: 'mixed-variants', message: `the parts of the model come in different variants: ${list}` },
    ];
  }
  if (picks.every(({ variant }) => variant === wanted)) return [];
  const missing = wanted === undefined ? 'files without a variant' : `files of variant '${wanted}'`;
  return [{ code: 'other-variant', message: `the folder has no ${missing}; used ${list}` }];
}

// Stable Diffusion's own schedule: 1000 steps, scaled linear from 0.00085 to 0.012 (CompVis v1-inference.yaml).
const standardLast = 0.0046601;

/** A warning when the file's own noise schedule ends elsewhere than Stable Diffusion's. Reads 1000 numbers. */
export async function scheduleWarnings(store: WeightStore, options: ReadOptions = {}): Promise<Warning[]> {
  const entry = store.entries.get('alphas_cumprod');
  if (entry?.shape.length !== 1 || entry.shape[0] !== 1000) return [];
  if (entry.type !== 'f32' && entry.type !== 'f64') return [];
  const { bytes } = await store.read(entry.name, options);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = entry.type === 'f32' ? view.getFloat32(999 * 4, true) : view.getFloat64(999 * 8, true);
  if (Math.abs(last - standardLast) <= 0.01 * standardLast) return [];
  return [
    {
      code: 'schedule-differs',
      message: `${store.label} was trained with another noise schedule (it ends at ${last.toPrecision(3)} instead of ${standardLast.toPrecision(3)}): expect washed-out or noisy images`,
    },
  ];
}
