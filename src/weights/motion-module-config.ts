import type { Warning } from '../core/warnings.js';

/** What a motion module's tensors say, in the terms of a MotionAdapter's config. */
export interface MotionShape {
  /** Length of the position table. */
  readonly maxFrames: number;
  /** Whether there is a middle motion transformer. */
  readonly hasMidBlock: boolean;
  /** Whether the file has a position table. */
  readonly hasPositions: boolean;
  /** Motion transformers of each down block. */
  readonly layersPerBlock: number;
  /** Widths of the down levels. */
  readonly channels: readonly number[];
}

/** Warnings for fields of a `config.json` that the tensors contradict; community files often copy another's config. */
export function motionConfigWarnings(
  label: string,
  config: Readonly<Record<string, unknown>> | undefined,
  shape: MotionShape,
): Warning[] {
  const facts: Readonly<Record<string, unknown>> = {
    use_motion_mid_block: shape.hasMidBlock,
    motion_layers_per_block: shape.layersPerBlock,
    block_out_channels: shape.channels,
    ...(shape.hasPositions ? { motion_max_seq_length: shape.maxFrames } : {}),
  };
  const wrong = Object.entries(facts).filter(
    ([field, value]) => config?.[field] != null && JSON.stringify(config[field]) !== JSON.stringify(value),
  );
  return wrong.map(([field, value]) => ({
    code: 'config-contradicts-tensors',
    message: `${label}: config.json gives another ${field} than the tensors, which have ${JSON.stringify(value)}; the tensors are followed`,
  }));
}
