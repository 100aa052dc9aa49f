import type { IgnoreRule } from './key-rule.js';

const schedule = 'noise schedule of the training code; schedulers compute their own';
const training = 'state of the training, not of the model';

/** Tensors that checkpoints, VAEs and text encoders carry but no network of this library reads. */
export const ignoredCheckpointKeys: readonly IgnoreRule[] = [
  { starts: 'model_ema.', reason: 'running average of the UNet, kept for training' },
  {
    exact: ['betas', 'alphas_cumprod', 'alphas_cumprod_prev', 'logvar', 'lvlb_weights', 'scale_factor'],
    reason: schedule,
  },
  { starts: 'sqrt_', reason: schedule },
  { starts: 'log_one_minus_', reason: schedule },
  { starts: 'posterior_', reason: schedule },
  { starts: 'edm_', reason: schedule },
  { starts: 'denoiser.', reason: schedule },
  { exact: ['v_pred', 'ztsnr'], reason: 'marks how the model was trained' },
  // Merged checkpoints store them as halves, with rounded values; positions are always 0, 1, 2, …
  { ends: 'position_ids', reason: 'positions are counted, not read' },
  { ends: 'logit_scale', reason: 'only needed to compare texts with images' },
  { ends: 'text_projection', reason: 'only needed to compare texts with images' },
  { ends: 'text_projection.weight', reason: 'only needed to compare texts with images' },
  { starts: 'vision_model.', reason: 'image half of CLIP' },
  { starts: 'visual_projection.', reason: 'image half of CLIP' },
  { starts: 'embedding_manager.', reason: training },
  { starts: 'loss.', reason: training },
  { starts: 'first_stage_model.loss.', reason: training },
  { starts: 'first_stage_model.model_ema.', reason: training },
  { starts: 'safety_checker.', reason: 'image filter' },
  { starts: 'optimizer', reason: training },
  { exact: ['global_step', 'epoch'], reason: training },
];

/** Tensors that motion module files carry beside the motion module. */
export const ignoredMotionKeys: readonly IgnoreRule[] = [
  { ends: '.attention_blocks.1.pos_encoder.pe', reason: 'the same positions as in attention_blocks.0' },
  { lacks: 'motion_modules.', reason: 'not part of the motion module; the checkpoint has the image UNet' },
];
