import type { UnetConfig } from '../src/models/unet-config.js';

/** Sizes of one UNet evaluation. */
export interface UnetSizes {
  readonly batch: number;
  readonly frames: number;
  /** Latent pixels. */
  readonly height: number;
  readonly width: number;
  /** Length of the prompt. */
  readonly tokens: number;
}

/**
 * Floating-point operations of one UNet evaluation, a multiplication and an addition counted as two: convolutions,
 * linear layers and attention products. Norms and activations are left out; they are under one percent.
 */
export function unetFlops(
  config: UnetConfig,
  motion: { midBlock: boolean } | undefined,
  sizes: UnetSizes,
): number {
  const { blockOutChannels: widths, layersPerBlock, crossAttentionDim } = config;
  const images = sizes.batch * sizes.frames;
  const time = 4 * widths[0]!;
  let total = 0;
  const conv = (pixels: number, from: number, to: number, kernel = 3): void => {
    total += 2 * images * pixels * from * to * kernel * kernel;
  };
  const linear = (rows: number, from: number, to: number): void => {
    total += 2 * rows * from * to;
  };
  const products = (sequences: number, queries: number, keys: number, channels: number): void => {
    total += 4 * sequences * queries * keys * channels;
  };
  const transformerRest = (rows: number, c: number): void => {
    linear(rows, c, c);
    linear(rows, c, c);
    linear(rows, c, 8 * c);
    linear(rows, 4 * c, c);
  };
  const resnet = (pixels: number, from: number, to: number): void => {
    conv(pixels, from, to);
    conv(pixels, to, to);
    if (from !== to) conv(pixels, from, to, 1);
    linear(1, time, to);
  };
  const spatial = (pixels: number, c: number): void => {
    const rows = images * pixels;
    for (let i = 0; i < 4; i++) linear(rows, c, c);
    products(images, pixels, pixels, c);
    linear(rows, c, c);
    for (let i = 0; i < 2; i++) linear(sizes.batch * sizes.tokens, crossAttentionDim, c);
    products(1, rows, sizes.tokens, c);
    linear(rows, c, c);
    transformerRest(rows, c);
  };
  const temporal = (pixels: number, c: number): void => {
    const rows = images * pixels;
    for (let attention = 0; attention < 2; attention++) {
      for (let i = 0; i < 4; i++) linear(rows, c, c);
      products(sizes.batch * pixels, sizes.frames, sizes.frames, c);
    }
    transformerRest(rows, c);
  };
  const pixelsAt = (level: number): number =>
    Math.ceil(sizes.height / 2 ** level) * Math.ceil(sizes.width / 2 ** level);
  const layer = (level: number, from: number): void => {
    const c = widths[level]!;
    resnet(pixelsAt(level), from, c);
    if (config.levelHasAttention[level]) spatial(pixelsAt(level), c);
    if (motion) temporal(pixelsAt(level), c);
  };

  conv(pixelsAt(0), config.inChannels, widths[0]!);
  linear(1, widths[0]!, time);
  linear(1, time, time);
  const skips = [widths[0]!];
  let channels = widths[0]!;
  widths.forEach((width, level) => {
    for (let i = 0; i < layersPerBlock; i++) {
      layer(level, channels);
      channels = width;
      skips.push(channels);
    }
    if (level === widths.length - 1) return;
    conv(pixelsAt(level + 1), channels, channels);
    skips.push(channels);
  });
  const last = widths.length - 1;
  resnet(pixelsAt(last), channels, channels);
  spatial(pixelsAt(last), channels);
  if (motion?.midBlock) temporal(pixelsAt(last), channels);
  resnet(pixelsAt(last), channels, channels);
  for (let level = last; level >= 0; level--) {
    for (let i = 0; i <= layersPerBlock; i++) {
      layer(level, channels + skips.pop()!);
      channels = widths[level]!;
    }
    if (level > 0) conv(pixelsAt(level - 1), channels, channels);
  }
  conv(pixelsAt(0), channels, config.outChannels);
  return total;
}
