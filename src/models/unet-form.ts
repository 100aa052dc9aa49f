/**
 * What a UNet's graph can do besides the plain evaluation. Each adds inputs and work, so it is only there when it is
 * asked for.
 */
export interface UnetForm {
  /** Motion modules see the frames through several windows. */
  readonly viewWindows: boolean;
  /** Backbone and skip features of the way up are weighted (FreeU). */
  readonly freeU: boolean;
}

/** The UNet as it was trained. */
export const plainUnet: UnetForm = { viewWindows: false, freeU: false };

/** Whether two graphs can do the same. */
export function sameForm(a: UnetForm, b: UnetForm): boolean {
  return a.viewWindows === b.viewWindows && a.freeU === b.freeU;
}
