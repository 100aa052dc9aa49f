import type { BackendCapabilities } from './backend.js';
import { cpuDialect, tryDevice } from './ort-dialect.js';
import { bindingLimit } from './self-test/binding-limit.js';
import type { RunOnce } from './self-test/self-test.js';

/** Facts of the machine and the options that capabilities follow from. */
export interface NodeCapabilitiesRequest {
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Main memory in bytes. */
  readonly memory: number;
  readonly abort: BackendCapabilities['abort'];
  readonly run: RunOnce;
}

/**
 * What a device of onnxruntime-node 1.30 offers. The CPU's kernels are known; those of graphics cards are tried.
 * @throws `backend` when the device is missing.
 */
export async function nodeCapabilities(request: NodeCapabilitiesRequest): Promise<BackendCapabilities> {
  const { device, memory, abort, run } = request;
  const common = { device, abort, deviceTensors: true };
  if (device === 'cpu') {
    const limits = { maxBufferBytes: memory, maxModelBytes: memory };
    return { ...common, ...limits, dialect: cpuDialect, float16: false, notes: [] };
  }
  const found = await tryDevice(run, device);
  const unlimited = Number.POSITIVE_INFINITY;
  const maxBufferBytes = device === 'webgpu' ? await bindingLimit(run) : unlimited;
  return { ...common, ...found, maxBufferBytes, maxModelBytes: unlimited };
}
