import { AnimateDiffError, type AnimateDiffErrorCode } from '../core/errors.js';

/** What the runtime was doing when it failed. */
export type RuntimeAction = 'create' | 'run';

// Wordings of ONNX Runtime 1.30, its CUDA provider and Dawn, and of JavaScript's own allocator. Of a buffer that could not be
// made the runtime only tells that it is invalid.
const outOfMemory =
  /bad_alloc|failed to allocate|out of memory|out-of-memory|array buffer allocation failed|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|max buffer size limit|available memory of|maximum storage buffer binding size|too large for the implementation|tensor shape is too large|invalid buffer[^\]]*\] is invalid/i;

const missingCuda =
  'the CUDA device needs Linux x64 with an NVIDIA driver, CUDA 12, cuDNN 9 and the CUDA build of onnxruntime-node, which its ' +
  'install script downloads: run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`';

const missingWebgpu =
  'no WebGPU adapter was found: install a Vulkan driver for your graphics card (on Linux also the `libvulkan1` package; on Windows ' +
  'DirectX 12 and on macOS Metal serve instead), or use the device `cpu`';

const missingDevice: readonly (readonly [RegExp, string])[] = [
  [
    /Provider_Cuda|providers_(cuda|shared)|CUDA (driver|failure 35|failure 100)|libcud|cudnn|libcublas/i,
    missingCuda,
  ],
  [/WebGPU adapter|RequestAdapter|WebGpuContext|backend not found.*webgpu/i, missingWebgpu],
];

/** ONNX Runtime's message as an error with a code, the model's label, and what can be done about it. */
export function runtimeError(error: unknown, label: string, action: RuntimeAction): AnimateDiffError {
  if (AnimateDiffError.isInstance(error)) return error;
  const message = error instanceof Error ? error.message.trim() : String(error);
  const details = { label, action };
  if (outOfMemory.test(message))
    return fail('out-of-memory', `${label}: not enough memory to ${doing[action]}: ${message}`);
  if (action === 'create') {
    for (const [pattern, advice] of missingDevice)
      if (pattern.test(message)) return fail('backend', `${advice} (${message})`);
  }
  return fail('backend', `${label}: ONNX Runtime could not ${doing[action]}: ${message}`);

  function fail(code: AnimateDiffErrorCode, text: string): AnimateDiffError {
    return new AnimateDiffError(code, text, { cause: error, details });
  }
}

const doing: Readonly<Record<RuntimeAction, string>> = { create: 'load the network', run: 'run the network' };
