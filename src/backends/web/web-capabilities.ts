import type { BackendCapabilities } from '../backend.js';
import { cpuDialect, tryDevice } from '../ort-dialect.js';
import type { OrtWebLimits } from '../ort-web-options.js';
import type { RunOnce } from '../self-test/self-test.js';
import type { GraphicsDevice } from './graphics-device.js';
import type { WebRuntime } from './ort-web-runtime.js';

/** What may be loaded. */
export type WebLimits = Pick<BackendCapabilities, 'maxBufferBytes' | 'maxModelBytes'>;

/** Views of a heap of 32 bits end here. */
const largestView = 2 ** 31;

/** Of the 4 GiB that a heap of 32 bits has; the rest is for what is computed. */
const largestModel = 3.5 * 2 ** 30;

/** What the device can take, within what the caller allows. */
export function webLimits(graphics: GraphicsDevice | undefined, own: OrtWebLimits): WebLimits {
  const { maxBufferBytes = Number.POSITIVE_INFINITY, maxModelBytes = Number.POSITIVE_INFINITY } = own;
  return {
    maxBufferBytes: Math.min(maxBufferBytes, graphics?.maxBufferBytes ?? largestView),
    maxModelBytes: graphics ? maxModelBytes : Math.min(maxModelBytes, largestModel),
  };
}

/** What is asked about. */
export interface WebCapabilitiesRequest {
  readonly runtime: WebRuntime;
  readonly graphics: GraphicsDevice | undefined;
  readonly limits: WebLimits;
  /** Threads that the caller wants. */
  readonly threads: number | undefined;
  readonly run: RunOnce;
}

/** What onnxruntime-web 1.30 offers here. The processor's kernels are known; those of graphics cards are tried. */
export async function webCapabilities(request: WebCapabilitiesRequest): Promise<BackendCapabilities> {
  const { runtime, graphics, limits, run } = request;
  const common = { ...limits, abort: 'between-runs', deviceTensors: true } as const;
  if (graphics) {
    const device = graphics.name === '' ? 'webgpu' : `webgpu (${graphics.name})`;
    return {
      ...common,
      device,
      ...(await tryDevice(run, 'webgpu', graphics.device.features.has('shader-f16'))),
    };
  }
  const threads = runtime.threads ?? 1;
  return {
    ...common,
    device: `wasm (${threads} thread${threads === 1 ? '' : 's'})`,
    dialect: cpuDialect,
    float16: false,
    notes: threadNotes(threads, request.threads),
  };
}

function threadNotes(threads: number, wanted: number | undefined): string[] {
  if (globalThis.crossOriginIsolated !== true && (wanted ?? 2) > 1) {
    return [
      'one thread computes, since this page is not cross-origin isolated: serve it with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    ];
  }
  if (wanted === undefined || wanted === threads) return [];
  return [`${threads} threads compute, not ${wanted}: the first session of a page decides`];
}
