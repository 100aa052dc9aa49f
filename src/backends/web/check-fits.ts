import { AnimateDiffError } from '../../core/errors.js';
import type { BackendCapabilities, ModelArtifact } from '../backend.js';

/**
 * Refuses a network that the device cannot hold, before any of its bytes move.
 * @throws `unsupported` when one weight is larger than a buffer may be, `out-of-memory` when all are together.
 */
export function checkFits(
  { label, weights }: ModelArtifact,
  limits: Pick<BackendCapabilities, 'device' | 'maxBufferBytes' | 'maxModelBytes'>,
): void {
  const { device, maxBufferBytes, maxModelBytes } = limits;
  for (const { name, byteLength: whole, pieces = 1 } of weights.flatMap(({ tensors }) => tensors)) {
    const byteLength = whole / pieces;
    if (byteLength <= maxBufferBytes) continue;
    throw new AnimateDiffError(
      'unsupported',
      `${label}: '${name}' has ${byteLength} bytes, but a buffer of this ${device} device holds ${maxBufferBytes} at most`,
      { details: { label, tensor: name, byteLength, maxBufferBytes } },
    );
  }
  const byteLength = weights.reduce((sum, blob) => sum + blob.byteLength, 0);
  if (byteLength <= maxModelBytes) return;
  throw new AnimateDiffError(
    'out-of-memory',
    `${label}: its weights have ${byteLength} bytes, but ${maxModelBytes} at most fit on this ${device} device. Store them ` +
      'in fewer bits (option `quantization` or `precision`), or use another device',
    { details: { label, byteLength, maxModelBytes } },
  );
}
