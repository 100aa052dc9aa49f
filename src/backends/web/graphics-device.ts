import { AnimateDiffError } from '../../core/errors.js';

/** A graphics card as this page may use it, and what became of it. */
export interface GraphicsDevice {
  readonly device: GPUDevice;
  /** Such as `nvidia ampere`; empty where the browser does not tell. */
  readonly name: string;
  /** Largest tensor that its kernels see the whole of, in bytes. */
  readonly maxBufferBytes: number;
  /** Why it cannot be used any more, once that is so. */
  readonly lost: string | undefined;
  /** Waits a moment for the news that it is lost: what was under way may fail before the news is there. */
  news(): Promise<void>;
  /** What it ran out of memory for since the last call, if it did. */
  takeOutOfMemory(): string | undefined;
  /** Gives it up, with all that lies in its memory. */
  destroy(): void;
}

/** Milliseconds that the news of a lost device may take. */
const newsDelay = 2000;

/** The limits that ONNX Runtime's kernels reckon with; a device has the least of each unless it is asked for more. */
const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxBindGroups',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/**
 * Asks for a device with everything that its adapter has.
 * @throws `backend` when there is none, with a sentence that says why.
 */
export async function requestGraphicsDevice(powerPreference: GPUPowerPreference): Promise<GraphicsDevice> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined) throw missing(globalThis.isSecureContext === false ? insecure : unknown);
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (adapter === null) throw missing(noAdapter);
  const features = (['shader-f16', 'subgroups'] as const).filter(
    (feature) => adapter.features.has(feature) && (feature !== 'subgroups' || subgroupsAreWide(adapter)),
  );
  const requiredLimits = Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]]));
  try {
    const device = await adapter.requestDevice({ requiredFeatures: features, requiredLimits });
    return watched(device, adapter);
  } catch (cause) {
    throw missing(`the browser refused it (${(cause as Error).message})`, cause);
  }
}

// Fused attention of ONNX Runtime 1.30 is wrong where fewer than 16 lanes form a subgroup, and right without subgroups.
function subgroupsAreWide({ info }: GPUAdapter): boolean {
  return (info.subgroupMinSize ?? 0) >= 16;
}

function watched(device: GPUDevice, { info }: GPUAdapter): GraphicsDevice {
  let lost: string | undefined;
  let outOfMemory: string | undefined;
  const whenLost = device.lost.then(({ reason, message }) => {
    lost = message || reason;
  });
  device.addEventListener('uncapturederror', (event) => {
    if (!(event.error instanceof GPUOutOfMemoryError)) return;
    outOfMemory ??= event.error.message;
    // Reported as an error by whoever asks next, so that the browser need not print it.
    event.preventDefault();
  });
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  return {
    device,
    name: [info.vendor, info.architecture, info.device].filter((part) => part).join(' '),
    maxBufferBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    get lost() {
      return lost;
    },
    news: () => Promise.race([whenLost, new Promise<void>((resolve) => setTimeout(resolve, newsDelay))]),
    takeOutOfMemory: () => {
      const message = outOfMemory;
      outOfMemory = undefined;
      return message;
    },
    destroy: () => device.destroy(),
  };
}

const insecure = 'this page is not served over https or from localhost, which WebGPU wants';
const unknown =
  'this browser has none: Chrome and Edge 113, Safari 26 and newer have it, Firefox on Windows from 141';
const noAdapter =
  'the browser found no graphics card that it would use: look at chrome://gpu, update the driver, or switch hardware ' +
  'acceleration on';

function missing(reason: string, cause?: unknown): AnimateDiffError {
  return new AnimateDiffError(
    'backend',
    `WebGPU cannot be used: ${reason}. \`ortWeb({ device: 'wasm' })\` computes on the processor`,
    { cause, details: { reason: 'no-webgpu' } },
  );
}
