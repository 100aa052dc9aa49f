import type { BackendCapabilities, FusedOperator } from './backend.js';
import { bindingLimit } from './self-test/binding-limit.js';
import { simplestCase } from './self-test/cases.js';
import { type RunOnce, selfTest } from './self-test/self-test.js';

/** Facts of the machine and the options that capabilities follow from. */
export interface NodeCapabilitiesRequest {
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Main memory in bytes. */
  readonly memory: number;
  readonly abort: BackendCapabilities['abort'];
  readonly run: RunOnce;
}

// FusedConv is none of them: WebGPU's leaves out what it should add to. BiasSplitGelu of CUDA takes 2560, 5120 or 10240 channels, which are all that the networks here have.
const candidates: readonly FusedOperator[] = [
  'MultiHeadAttention',
  'QuickGelu',
  'Gelu',
  'BiasSplitGelu',
  'MatMulNBits',
];

/**
 * What a device of onnxruntime-node 1.30 offers. The CPU's kernels are known; those of graphics cards depend on the
 * card and its driver and are tried.
 * @throws `backend` when the device is missing.
 */
export async function nodeCapabilities(request: NodeCapabilitiesRequest): Promise<BackendCapabilities> {
  const { device, memory, abort, run } = request;
  const common = { device, abort, deviceTensors: false };
  if (device === 'cpu') {
    const dialect = new Set<FusedOperator>([
      'MultiHeadAttention',
      'QuickGelu',
      'Gelu',
      'BiasGelu',
      'FusedConv',
      'MatMulNBits',
      'DynamicQuantizeMatMul',
    ]);
    return { ...common, dialect, float16: false, maxBufferBytes: memory, maxModelBytes: memory, notes: [] };
  }
  // Whatever keeps even an addition from running is about the device, not about an operator.
  const { artifact, feeds } = simplestCase();
  await run(artifact, feeds);
  const found = await selfTest(run, device, candidates);
  const unlimited = Number.POSITIVE_INFINITY;
  const maxBufferBytes = device === 'webgpu' ? await bindingLimit(run) : unlimited;
  return { ...common, ...found, maxBufferBytes, maxModelBytes: unlimited };
}
