/**
 * How previews are made of the clean latents that a step predicts.
 *
 * - `linear`: one pixel for each of a latent's, coloured by a linear map that is fitted to the VAE. Costs next to nothing.
 * - `vae`: decoded in full size, as the result is. Costs as much as decoding the result at each preview, and the
 *   decoder is in memory beside the UNet.
 */
export type Preview = 'linear' | 'vae';
