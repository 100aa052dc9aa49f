import type { BackendCapabilities } from '../backends/backend.js';

/** The operators for the VAE's graphs: its pictures are so large that sums over rows would set the peak of memory. */
export function vaeDialect(dialect: BackendCapabilities['dialect']): BackendCapabilities['dialect'] {
  return new Set([...dialect].filter((operator) => operator !== 'FusedConv'));
}
