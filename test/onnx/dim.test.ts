import { expect, test } from 'vitest';
import { dim, divideDims, formatDim, multiplyDims, sameDim } from '../../src/onnx/dim.js';

const batch = dim('batch');
const frames = dim('frames');

test('products of sizes do not depend on the order of their factors', () => {
  expect(sameDim(multiplyDims(batch, 8, frames), multiplyDims(frames, batch, 8))).toBe(true);
  expect(formatDim(multiplyDims(batch, 8, frames))).toBe('8*batch*frames');
});

test('a size divides by its own factors', () => {
  expect(divideDims(multiplyDims(6, batch, frames), multiplyDims(2, batch))).toEqual(multiplyDims(3, frames));
  expect(divideDims(multiplyDims(6, batch), 4)).toBeUndefined();
});

test('dividing by a foreign name is kept, and undone by multiplying with it', () => {
  const share = divideDims(multiplyDims(batch, frames), dim('contexts'))!;
  expect(formatDim(share)).toBe('batch*frames/contexts');
  expect(multiplyDims(share, dim('contexts'))).toEqual(multiplyDims(batch, frames));
});
