import type { BackendCapabilities, FusedOperator } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import type { Warning } from '../core/warnings.js';
import type { Precision } from '../models/precision.js';
import type { Quantization } from '../models/quantization.js';
import type { LoadOptions } from './load-options.js';

/** What each network of a pipeline is loaded in. The text encoder and the UNet share one. */
export interface NetworkPrecision {
  readonly unet: Precision;
  readonly vae: Precision;
  /** How the weights of the UNet's linear layers are stored; `undefined`: as all others. */
  readonly quantization?: Quantization | undefined;
}

type PrecisionOptions = Pick<LoadOptions, 'precision' | 'vaePrecision' | 'quantization'>;

/**
 * What was asked for, or where that was left open, what the device is good at.
 * @throws `unsupported` for weights that the device cannot multiply with, `invalid-options` for what does not go
 * together.
 */
export function networkPrecision(
  { precision = 'auto', vaePrecision = 'float32', quantization }: PrecisionOptions,
  { float16, device, dialect }: Pick<BackendCapabilities, 'float16' | 'device' | 'dialect'>,
): { readonly precision: NetworkPrecision; readonly warnings: readonly Warning[] } {
  const unet = precision === 'auto' ? (float16 ? 'float16' : 'float32') : precision;
  if (quantization) checkQuantization(quantization, unet, { device, dialect });
  const asked = unet === 'float16' || vaePrecision === 'float16';
  const message =
    `the device '${device}' does not compute float16 itself: weights take half the space on disk, but are widened to ` +
    "float32 to compute with, which is slower and takes more memory; precision: 'auto' avoids that";
  return {
    precision: { unet, vae: vaePrecision, quantization },
    warnings: asked && !float16 ? [{ code: 'float16-not-native', message }] : [],
  };
}

const operators: Readonly<Record<Quantization, FusedOperator>> = {
  int8: 'MatMulNBits',
  int4: 'MatMulNBits',
  'int8-dynamic': 'DynamicQuantizeMatMul',
};

function checkQuantization(
  quantization: Quantization,
  precision: Precision,
  { device, dialect }: Pick<BackendCapabilities, 'device' | 'dialect'>,
): void {
  const operator = operators[quantization];
  if (!dialect.has(operator)) {
    const others =
      quantization === 'int8-dynamic' && dialect.has('MatMulNBits') ? "quantization: 'int8', or " : '';
    throw new AnimateDiffError(
      'unsupported',
      `quantization: '${quantization}' needs the operator ${operator}, which the device '${device}' has not, or computes wrongly; use ${others}precision: 'float16' for half the memory, or the device 'cpu'`,
      { details: { quantization, operator, device } },
    );
  }
  if (quantization === 'int8-dynamic' && precision === 'float16') {
    throw new AnimateDiffError(
      'invalid-options',
      "quantization: 'int8-dynamic' rounds float32; use it with precision: 'float32', or 'int8' with 'float16'",
    );
  }
}
