import { type AnimateDiffPipeline, type ByteSource, float32Tensor } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { values } from '../adapters/files.js';
import { fixture } from '../support/tiny-model.js';

/** One of the tiny model's adapters: LoRAs, a domain adapter, two MotionLoRAs. */
export function adapterFile(name: keyof typeof files): ByteSource {
  return fileSource(fixture('tiny-sd15/adapters', files[name])) as ByteSource;
}

const files = {
  kohya: 'style-kohya.safetensors',
  peft: 'style-peft.safetensors',
  domain: 'domain-adapter.ckpt',
  motionA: 'motion-lora-a.ckpt',
  motionB: 'motion-lora-b.ckpt',
};

/** What a pipeline's networks give for fixed inputs. */
export interface Outputs {
  readonly text: Float32Array;
  readonly noise: Float32Array;
}

/** Runs both networks that adapters change, once, on inputs that never differ. */
export async function outputsOf(pipeline: AnimateDiffPipeline): Promise<Outputs> {
  const { textEncoder, unet } = pipeline.components;
  const text = await textEncoder.encode(['a red circle']);
  const sample = values(1, 1, 4, 2, 8, 8);
  const context = values(2, 1, 77, 64);
  const noise = await unet.predict({
    sample: float32Tensor(sample.data, sample.shape),
    context: float32Tensor(context.data, context.shape),
    timestep: 500,
  });
  return { text: text.data, noise: noise.data };
}
