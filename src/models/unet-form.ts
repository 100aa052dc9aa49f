import type { Precision } from './precision.js';

/**
 * What a UNet's graph can do besides the plain evaluation. Each adds inputs and work, so it is only there when it is
 * asked for.
 */
export interface UnetForm {
  /** Motion modules see the frames through several windows. */
  readonly viewWindows: boolean;
  /** Backbone and skip features of the way up are weighted, by this version of FreeU. */
  readonly freeU: FreeUVersion | false;
  /** It also gives the features that a shallow UNet of this branch begins from. Default: it does not. */
  readonly deepFeatures?: number | undefined;
  /** What it computes in. Default: as the pipeline was loaded. */
  readonly precision?: Precision | undefined;
}

/** 1: one factor for the backbone. 2: a factor that follows the backbone's mean. */
export type FreeUVersion = 1 | 2;

/** The UNet as it was trained. */
export const plainUnet: UnetForm = { viewWindows: false, freeU: false };

/** Whether two graphs can do the same. */
export function sameForm(a: UnetForm, b: UnetForm): boolean {
  return (
    a.viewWindows === b.viewWindows &&
    a.freeU === b.freeU &&
    a.deepFeatures === b.deepFeatures &&
    a.precision === b.precision
  );
}
