import type { WindowFuse } from '../../../src/windows/context-options.js';

/** Every way to fuse windows. */
export const fuses: readonly WindowFuse[] = [
  'flat',
  'pyramid',
  'relative',
  'overlap-linear',
  'gaussian',
  'delayed-reverse-sawtooth',
];
