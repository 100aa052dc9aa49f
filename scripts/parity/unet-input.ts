import type { UnetInput } from 'animatediff-js';
import type { Reference } from './reference.js';

/** The recorded input of the denoising network. */
export async function unetInput(reference: Reference): Promise<UnetInput> {
  const [timestep] = (await reference.tensor('unet.timestep')).data;
  return {
    sample: await reference.tensor('unet.sample'),
    timestep: timestep!,
    context: await reference.tensor('unet.context'),
  };
}
