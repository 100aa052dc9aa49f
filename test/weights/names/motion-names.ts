import type { Shapes } from './header-store.js';

/** What to write out with {@link originalMotionModule}. */
export interface MotionSpec {
  channels?: readonly number[];
  layers?: number;
  positions?: number | undefined;
  midBlock?: boolean;
}

/** Names and shapes of a motion module as guoyww/AnimateDiff writes it: 28 tensors per transformer. */
export function originalMotionModule({
  channels = [320, 640, 1280, 1280],
  layers = 2,
  positions,
  midBlock = false,
}: MotionSpec): Shapes {
  const shapes: Record<string, readonly number[]> = {};
  channels.forEach((width, level) => {
    for (let layer = 0; layer < layers; layer++) {
      Object.assign(shapes, transformer(`down_blocks.${level}.motion_modules.${layer}`, width, positions));
    }
  });
  [...channels].reverse().forEach((width, level) => {
    for (let layer = 0; layer <= layers; layer++) {
      Object.assign(shapes, transformer(`up_blocks.${level}.motion_modules.${layer}`, width, positions));
    }
  });
  if (midBlock) {
    Object.assign(shapes, transformer('mid_block.motion_modules.0', channels.at(-1)!, positions));
  }
  return shapes;
}

function transformer(path: string, c: number, positions: number | undefined): Shapes {
  const root = `${path}.temporal_transformer`;
  const block = `${root}.transformer_blocks.0`;
  const shapes: Record<string, readonly number[]> = {
    [`${root}.norm.weight`]: [c],
    [`${root}.norm.bias`]: [c],
    [`${root}.proj_in.weight`]: [c, c],
    [`${root}.proj_in.bias`]: [c],
    [`${root}.proj_out.weight`]: [c, c],
    [`${root}.proj_out.bias`]: [c],
    [`${block}.ff_norm.weight`]: [c],
    [`${block}.ff_norm.bias`]: [c],
    [`${block}.ff.net.0.proj.weight`]: [8 * c, c],
    [`${block}.ff.net.0.proj.bias`]: [8 * c],
    [`${block}.ff.net.2.weight`]: [c, 4 * c],
    [`${block}.ff.net.2.bias`]: [c],
  };
  for (const k of [0, 1]) {
    const attention = `${block}.attention_blocks.${k}`;
    for (const name of ['to_q', 'to_k', 'to_v']) shapes[`${attention}.${name}.weight`] = [c, c];
    shapes[`${attention}.to_out.0.weight`] = [c, c];
    shapes[`${attention}.to_out.0.bias`] = [c];
    if (positions !== undefined) shapes[`${attention}.pos_encoder.pe`] = [1, positions, c];
    shapes[`${block}.norms.${k}.weight`] = [c];
    shapes[`${block}.norms.${k}.bias`] = [c];
  }
  return shapes;
}
