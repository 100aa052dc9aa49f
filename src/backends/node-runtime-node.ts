import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { BackendCapabilities } from './backend.js';
import { connect } from './host/host-connection.js';
import type { RuntimeDescription } from './host/host-protocol.js';
import { openProcess } from './host/process-channel-node.js';
import { hostScript } from './ort-host-script.js';
import { ortNode } from './ort-node.js';
import { type CacheSelection, listCache } from './weights/cache-admin-node.js';

/** Whether a device can be used here. */
export type DeviceReport =
  | { readonly device: string; readonly available: true; readonly capabilities: BackendCapabilities }
  | { readonly device: string; readonly available: false; readonly reason: string };

/** What this machine offers to `ortNode`. */
export interface NodeRuntimeReport {
  /** Version and providers of onnxruntime-node, or why it cannot be loaded. */
  readonly runtime: RuntimeDescription | { readonly problem: string };
  /** Each device of `ortNode`, tried. */
  readonly devices: readonly DeviceReport[];
  /** The processor. */
  readonly cpu: {
    /** Name of the processor. */
    readonly model: string;
    /** Threads that `ortNode` uses by default. */
    readonly threads: number;
  };
  /** Main memory in bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** Folder of the weights cache and the bytes it holds. */
  readonly cache: { readonly directory: string; readonly byteLength: number };
}

/**
 * Tries out what `ortNode` could use here. Devices are tried in processes of their own, since a broken driver may
 * take its process along.
 */
export async function describeNodeRuntime(cache: CacheSelection = {}): Promise<NodeRuntimeReport> {
  const devices: DeviceReport[] = [];
  for (const device of ['cpu', 'webgpu', 'cuda'] as const) devices.push(await tryDevice(device));
  const { directory, byteLength } = await listCache(cache);
  return {
    runtime: await describeRuntime(),
    devices,
    cpu: { model: cpus()[0]?.model ?? 'unknown', threads: availableParallelism() },
    memory: { total: totalmem(), free: freemem() },
    cache: { directory, byteLength },
  };
}

async function tryDevice(device: 'cpu' | 'webgpu' | 'cuda'): Promise<DeviceReport> {
  const backend = ortNode({ device, isolation: 'process' });
  try {
    return { device, available: true, capabilities: await backend.capabilities() };
  } catch (error) {
    return { device, available: false, reason: messageOf(error) };
  } finally {
    await backend.dispose();
  }
}

async function describeRuntime(): Promise<NodeRuntimeReport['runtime']> {
  const host = connect((events) => openProcess(hostScript(), events));
  try {
    return await host.call('describe', undefined);
  } catch (error) {
    return { problem: messageOf(error) };
  } finally {
    await host.end();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
