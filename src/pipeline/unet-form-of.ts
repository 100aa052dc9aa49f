import { plainUnet, type UnetForm } from '../models/unet-form.js';
import { resolveFreeU } from './free-u-options.js';
import type { UnetInput } from './unet.js';

/** Inputs of the UNet, or options of a generation by the same names, that need more than the plain graph. */
export type FormInputs = Pick<UnetInput, 'viewWindows' | 'freeU' | 'precision' | 'deepFeatures'>;

/** What the UNet's graph must be able to do for them. All runs while it is held ask for the same. */
export function unetFormOf({ viewWindows, freeU, precision, deepFeatures }: FormInputs): UnetForm {
  return {
    ...plainUnet,
    viewWindows: viewWindows !== undefined,
    freeU: resolveFreeU(freeU)?.version ?? plainUnet.freeU,
    deepFeatures: deepFeatures?.branch,
    precision,
  };
}
