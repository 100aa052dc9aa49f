import * as z from 'zod/mini';
import { type OptionShape, type Resolved, share } from './option-shape.js';
import { clamp, dynamicThreshold } from './prediction.js';

/** Dynamic thresholding of the clean prediction (Saharia et al. 2022, section 2.3). Not for latents in general. */
export interface ThresholdOptions {
  /** Whether every step's clean prediction is thresholded dynamically. Default false. */
  thresholding?: boolean | undefined;
  /** Quantile of dynamic thresholding, in [0, 1]. Default 0.995. */
  dynamicThresholdingRatio?: number | undefined;
  /** Largest quantile value that dynamic thresholding uses, at least 1. Default 1. */
  sampleMaxValue?: number | undefined;
}

/** Cutting of the clean prediction. */
export interface ClipOptions {
  /** Whether every step's clean prediction is cut to ±`clipSampleRange`; thresholding takes its place. Default false. */
  clipSample?: boolean | undefined;
  /** Default 1. */
  clipSampleRange?: number | undefined;
}

/** The shape of {@link ThresholdOptions}. */
export function thresholdShape(): OptionShape<ThresholdOptions> {
  return {
    thresholding: z._default(z.boolean(), false),
    dynamicThresholdingRatio: z._default(share(), 0.995),
    sampleMaxValue: z._default(z.number().check(z.gte(1)), 1),
  };
}

/** The shape of {@link ClipOptions}. */
export function clipShape(): OptionShape<ClipOptions> {
  return {
    clipSample: z._default(z.boolean(), false),
    clipSampleRange: z._default(z.number().check(z.gt(0)), 1),
  };
}

/** A clean prediction as the options limit it. */
export function limited(
  denoised: Float32Array,
  config: Partial<Resolved<ThresholdOptions> & Resolved<ClipOptions>>,
): Float32Array {
  if (config.thresholding === true) {
    return dynamicThreshold(denoised, config.dynamicThresholdingRatio ?? 0.995, config.sampleMaxValue ?? 1);
  }
  return config.clipSample === true ? clamp(denoised, config.clipSampleRange ?? 1) : denoised;
}
