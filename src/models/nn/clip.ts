import type { Dim } from '../../onnx/dim.js';

/** How images of a batch belong together: image `b * frames + f` is frame `f` of clip `b`. */
export interface Clip {
  readonly batch: Dim;
  readonly frames: Dim;
}
