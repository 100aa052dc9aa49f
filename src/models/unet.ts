import type { ModelArtifact } from '../backends/backend.js';
import { cast } from '../onnx/cast.js';
import { resizeNearest } from '../onnx/conv.js';
import type { Value } from '../onnx/value.js';
import { buildArtifact } from './artifact.js';
import { conv } from './nn/layers.js';
import type { Net } from './nn/net.js';
import { deepEntry } from './shallow-unet.js';
import {
  convIn,
  downLayers,
  motionAt,
  noiseHead,
  residual,
  type Trunk,
  transformer,
  type UnetRequest,
  unetTrunk,
  upLayers,
} from './unet-layers.js';

/**
 * The denoising UNet of Stable Diffusion 1.x with a motion module after every spatial block (Guo et al. 2023, section
 * 4.2). Inputs, all sizes in quotes free at run time:
 *
 * - `sample` float32 `['batch', 4, 'frames', 'height', 'width']`: noisy latents;
 * - `time` float32 `['times', blockOutChannels[0]]`: the timestep's waves, see `timestepWaves`; `times` is 1, or
 *   `batch * frames` for a time of its own for each image;
 * - `context` float32 `['contexts', 'tokens', crossAttentionDim]`: the prompts; `contexts` divides `batch * frames`,
 *   consecutive images share one;
 * - with a motion module, `motion_effect` float32 `[modules, 'batch', 'frames']`: factors of the modules' effects, 1 as
 *   trained and 0 for the image model alone; `motion_scale` float32 `[modules, 'frames']`: factors of the temporal
 *   attention's keys. Modules are counted down, middle, up; see `motionModuleCount`;
 * - with a motion module and the form `viewWindows`, the views through which its attentions see the frames:
 *   `view_frames` int64 `['views', 'length']`, frame numbers, and `view_weights` float32 `['frames', 'views', 'length']`,
 *   what each place of each view adds to each frame; a frame's sum is 1;
 * - in a form with FreeU, `free_u` and `free_u_waves_…`, see `freeU`.
 *
 * Outputs: `noise` in the sample's shape; in a form with deep features, `deep_features` too, see {@link buildShallowUnet}.
 */
export function buildUnet(request: UnetRequest): Promise<ModelArtifact> {
  return buildArtifact('unet', request, (net) => net.g.output('noise', emitUnet(net, request)));
}

/** Writes the network of {@link buildUnet} and gives the predicted noise, in the sample's shape. */
export function emitUnet(net: Net, request: UnetRequest): Value {
  const trunk = unetTrunk(net, request);
  const skips = downwards(net, trunk);
  return noiseHead(net, trunk, upwards(net, trunk, skips, request.form?.deepFeatures));
}

/** The way down: every output is kept for the way up. */
function downwards(net: Net, trunk: Trunk): Value[] {
  const { blockOutChannels, layersPerBlock } = trunk.config;
  const skips = [convIn(net, trunk)];
  blockOutChannels.forEach((outChannels, level) => {
    downLayers(net, trunk, skips, level, layersPerBlock);
    if (level === blockOutChannels.length - 1) return;
    net.scope(`down_blocks.${level}.downsamplers.0`, () => {
      skips.push(conv(net, 'conv', skips.at(-1)!, { outChannels, stride: 2, pads: [1, 1, 1, 1] }));
    });
  });
  return skips;
}

/** The middle and the way up; takes the skips from the end. */
function upwards(net: Net, trunk: Trunk, skips: Value[], branch: number | undefined): Value {
  const { g } = net;
  const { blockOutChannels, layersPerBlock } = trunk.config;
  const layers = layersPerBlock + 1;
  const levels = blockOutChannels.length;
  let h = middle(net, trunk, skips.at(-1)!);
  for (let level = levels - 1; level > 0; level--) {
    h = upLayers(net, trunk, h, skips, { level, from: 0, to: layers });
    // The next skip's size, not twice ours: a side that is no multiple of 2 ** levels was rounded on the way down.
    const [, , height, width] = skips.at(-1)!.shape;
    h = net.scope(`up_blocks.${levels - 1 - level}.upsamplers.0`, () =>
      conv(net, 'conv', resizeNearest(g, h, height!, width!), { outChannels: blockOutChannels[level]! }),
    );
  }
  if (branch === undefined) return upLayers(net, trunk, h, skips, { level: 0, from: 0, to: layers });
  const { index } = deepEntry(trunk.config, branch);
  h = upLayers(net, trunk, h, skips, { level: 0, from: 0, to: index });
  g.output('deep_features', cast(g, h, 'float32'));
  return upLayers(net, trunk, h, skips, { level: 0, from: index, to: layers });
}

function middle(net: Net, trunk: Trunk, x: Value): Value {
  const level = trunk.config.blockOutChannels.length - 1;
  return net.scope('mid_block', () => {
    const h = transformer(net, trunk, residual(net, trunk, x, level, 0), level, 0);
    // Only v2 has a module here; the tensors say so.
    const moved = net.has('motion_modules.0.norm.weight')
      ? motionAt(net, trunk, h, 0, level * trunk.config.layersPerBlock + trunk.config.layersPerBlock)
      : h;
    return residual(net, trunk, moved, level, 1);
  });
}
