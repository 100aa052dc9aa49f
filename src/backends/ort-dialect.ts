import type { BackendCapabilities, FusedOperator } from './backend.js';
import { simplestCase } from './self-test/cases.js';
import { type RunOnce, type SelfTestResult, selfTest } from './self-test/self-test.js';

/** What ONNX Runtime 1.30 computes on processors, natively and in WebAssembly. */
export const cpuDialect: BackendCapabilities['dialect'] = new Set<FusedOperator>([
  'MultiHeadAttention',
  'QuickGelu',
  'Gelu',
  'BiasGelu',
  'FusedConv',
  'MatMulNBits',
  'DynamicQuantizeMatMul',
]);

// FusedConv is none of them: WebGPU's leaves out what it should add to. BiasSplitGelu of CUDA takes 2560, 5120 or 10240 channels, which are all that the networks here have.
const candidates: readonly FusedOperator[] = [
  'MultiHeadAttention',
  'QuickGelu',
  'Gelu',
  'BiasSplitGelu',
  'MatMulNBits',
];

/**
 * Finds out what a graphics card computes rightly: its kernels depend on the card and its driver.
 * @throws whatever keeps even an addition from running: that is about the device, not about an operator.
 */
export async function tryDevice(
  run: RunOnce,
  device: string,
  mayHaveFloat16?: boolean,
): Promise<SelfTestResult> {
  const { artifact, feeds } = simplestCase();
  await run(artifact, feeds);
  return selfTest(run, device, candidates, mayHaveFloat16);
}
