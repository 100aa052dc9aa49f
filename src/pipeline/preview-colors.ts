import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import type { Frame } from '../media/frame.js';

/** A linear map from latent channels, scaled as the UNet sees them, to red, green and blue in 0 to 255. */
export interface LatentColors {
  /** `[channel][colour]`. */
  readonly weights: readonly (readonly number[])[];
  /** One for each colour. */
  readonly bias: readonly number[];
}

/**
 * What is widely used for Stable Diffusion 1.x, for -1 to 1: found by keturn in 2022
 * (discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204), in the numbers of ComfyUI's latent_formats.py.
 */
const stableDiffusion1: LatentColors['weights'] = [
  [0.3512, 0.2297, 0.3227],
  [0.325, 0.4974, 0.235],
  [-0.2829, 0.1762, 0.2721],
  [-0.212, -0.2616, -0.7177],
];

/** The colours of latents before anything is known of their VAE: Stable Diffusion's, or grey for other numbers of channels. */
export function usualLatentColors(channels: number): LatentColors {
  const known = channels === stableDiffusion1.length;
  const weights = Array.from({ length: channels }, (_, channel) =>
    [0, 1, 2].map((colour) => (known ? 127.5 * stableDiffusion1[channel]![colour]! : 0)),
  );
  return { weights, bias: [127.5, 127.5, 127.5] };
}

/** Variance that is too small to tell a channel's colour from, where latents are of about 1. */
const ridge = 1e-3;

/**
 * The map that is nearest, in the least squares, to what a VAE makes of latents: each latent pixel against the mean of the
 * pixels it becomes. Directions in which the latents do not vary stay as they are in `known`.
 * @param latents `[1, channels, frames, height, width]`, scaled.
 * @param frames What they become, larger by a whole number.
 */
export function fitLatentColors(
  latents: Float32Tensor,
  frames: readonly Frame[],
  known: LatentColors,
): LatentColors {
  const inputs = channelsOf(latents);
  const outputs = [0, 1, 2].map((colour) => meanColors(latents, frames, colour));
  const centred = (values: Float64Array): Float64Array => {
    const mean = meanOf(values);
    return values.map((value) => value - mean);
  };
  const x = inputs.map(centred);
  const covariance = x.map((a, row) => x.map((b, column) => dot(a, b) + (row === column ? ridge : 0)));
  const columns = outputs.map((output, colour) => {
    const y = centred(output);
    // What `known` leaves unexplained is fitted, so that nothing to learn means no change.
    const rest = y.map((value, at) =>
      known.weights.reduce((left, row, channel) => left - row[colour]! * x[channel]![at]!, value),
    );
    return solve(
      covariance,
      x.map((values) => dot(values, rest)),
    );
  });
  const weights = known.weights.map((row, channel) =>
    row.map((value, colour) => value + columns[colour]![channel]!),
  );
  const bias = outputs.map((output, colour) =>
    weights.reduce((left, row, channel) => left - row[colour]! * meanOf(inputs[channel]!), meanOf(output)),
  );
  return { weights, bias };
}

/** Opaque pictures of latents `[1, channels, frames, height, width]`, one pixel for each of theirs. */
export function colouredFrames(latents: Float32Tensor, { weights, bias }: LatentColors): Frame[] {
  const [, , frames = 0, height = 0, width = 0] = latents.shape;
  const plane = height * width;
  return Array.from({ length: frames }, (_, frame) => {
    const data = new Uint8ClampedArray(4 * plane);
    for (let i = 0; i < plane; i++) {
      for (let colour = 0; colour < 3; colour++) {
        let value = bias[colour]!;
        for (const [channel, row] of weights.entries()) {
          value += row[colour]! * latents.data[(channel * frames + frame) * plane + i]!;
        }
        data[4 * i + colour] = value;
      }
      data[4 * i + 3] = 255;
    }
    return { width, height, data };
  });
}

const patchSide = 16;
const patchCount = 6;

/**
 * Some squares of latents `[1, channels, frames, height, width]`, from frames and places that are spread, as frames of
 * their own: what is cheap to decode and has the colours of the whole.
 */
export function latentPatches(latents: Float32Tensor): Float32Tensor {
  const [, channels = 0, frames = 0, height = 0, width = 0] = latents.shape;
  const rows = Math.min(height, patchSide);
  const columns = Math.min(width, patchSide);
  const whole = rows === height && columns === width;
  const count = whole ? Math.min(frames, patchCount) : patchCount;
  const out = new Float32Array(channels * count * rows * columns);
  for (let patch = 0; patch < count; patch++) {
    const share = count === 1 ? 0 : patch / (count - 1);
    const frame = Math.round(share * (frames - 1));
    // Down the picture once, and to and fro across it.
    const top = Math.round(share * (height - rows));
    const left = Math.round(((2 * patch) % 3) * 0.5 * (width - columns));
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < rows; row++) {
        const from = ((channel * frames + frame) * height + top + row) * width + left;
        out.set(
          latents.data.subarray(from, from + columns),
          ((channel * count + patch) * rows + row) * columns,
        );
      }
    }
  }
  return float32Tensor(out, [1, channels, count, rows, columns]);
}

/** Each channel's values, frame by frame. */
function channelsOf({ data, shape }: Float32Tensor): Float64Array[] {
  const [, channels = 0] = shape;
  const size = data.length / channels;
  return Array.from({ length: channels }, (_, channel) =>
    Float64Array.from(data.subarray(channel * size, (channel + 1) * size)),
  );
}

/** One colour of frames, averaged to a value for each latent pixel. */
function meanColors({ shape }: Float32Tensor, frames: readonly Frame[], colour: number): Float64Array {
  const [, , count = 0, rows = 0, columns = 0] = shape;
  const out = new Float64Array(count * rows * columns);
  for (const [index, { width, height, data }] of frames.entries()) {
    const scale = height / rows;
    for (let y = 0; y < height; y++) {
      const row = (index * rows + Math.floor(y / scale)) * columns;
      for (let x = 0; x < width; x++) {
        out[row + Math.floor(x / scale)]! += data[4 * (y * width + x) + colour]! / scale ** 2;
      }
    }
  }
  return out;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean of the products. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (const [at, value] of a.entries()) sum += value * b[at]!;
  return sum / a.length;
}

/** Solves a symmetric system whose values are all positive, by elimination, which needs no pivots then. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at]!]);
  for (const [at, pivot] of rows.entries()) {
    for (const [other, row] of rows.entries()) {
      if (other === at) continue;
      const factor = row[at]! / pivot[at]!;
      for (let column = at; column < row.length; column++) row[column]! -= factor * pivot[column]!;
    }
  }
  return rows.map((row, at) => row.at(-1)! / row[at]!);
}
