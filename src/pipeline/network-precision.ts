import type { BackendCapabilities } from '../backends/backend.js';
import type { Warning } from '../core/warnings.js';
import type { Precision } from '../models/precision.js';
import type { LoadOptions } from './load-options.js';

/** What each network of a pipeline is loaded in. The text encoder and the UNet share one. */
export interface NetworkPrecision {
  readonly unet: Precision;
  readonly vae: Precision;
}

/** What was asked for, or where that was left open, what the device is good at. */
export function networkPrecision(
  { precision = 'auto', vaePrecision = 'float32' }: Pick<LoadOptions, 'precision' | 'vaePrecision'>,
  { float16, device }: Pick<BackendCapabilities, 'float16' | 'device'>,
): { readonly precision: NetworkPrecision; readonly warnings: readonly Warning[] } {
  const unet = precision === 'auto' ? (float16 ? 'float16' : 'float32') : precision;
  const asked = unet === 'float16' || vaePrecision === 'float16';
  const message =
    `the device '${device}' does not compute float16 itself: weights take half the space on disk, but are widened to ` +
    "float32 to compute with, which is slower and takes more memory; precision: 'auto' avoids that";
  return {
    precision: { unet, vae: vaePrecision },
    warnings: asked && !float16 ? [{ code: 'float16-not-native', message }] : [],
  };
}
