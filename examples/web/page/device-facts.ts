import type { BackendCapabilities } from 'animatediff-js';
import { bytesText, limitText } from './words.js';

/** A line of the device report. */
export type Fact = readonly [name: string, value: string];

/** What this browser and machine offer, in groups, as far as a page can tell. */
export async function deviceFacts(
  loaded: BackendCapabilities | undefined,
): Promise<readonly (readonly [group: string, facts: readonly Fact[]])[]> {
  return [
    ['WebGPU', await gpuFacts()],
    ['WebAssembly', wasmFacts()],
    ['Storage', await storageFacts()],
    ...(loaded === undefined ? [] : [['Loaded model', loadedFacts(loaded)] as const]),
  ];
}

/** The graphics card, or why there is none. */
export async function gpuFacts(): Promise<readonly Fact[]> {
  if (!('gpu' in navigator)) return [['available', isSecureContext ? 'no' : 'no: the page needs https']];
  const adapter = await navigator.gpu
    .requestAdapter({ powerPreference: 'high-performance' })
    .catch(() => null);
  if (adapter === null) return [['available', 'no: the browser offers no adapter']];
  const { info, limits, features } = adapter;
  const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'not told';
  return [
    ['adapter', name],
    ['float16 shaders', features.has('shader-f16') ? 'yes' : 'no'],
    ['largest buffer', limitText(limits.maxBufferSize)],
    ['largest binding', limitText(limits.maxStorageBufferBindingSize)],
    ['workgroup memory', limitText(limits.maxComputeWorkgroupStorageSize)],
  ];
}

function wasmFacts(): readonly Fact[] {
  const isolated = globalThis.crossOriginIsolated;
  const cores = navigator.hardwareConcurrency;
  return [
    ['threads', isolated ? `${Math.min(4, cores)} of ${cores} cores` : '1'],
    ['cross-origin isolated', isolated ? 'yes' : 'no: served without COOP and COEP headers'],
    ['JSPI', 'Suspending' in WebAssembly ? 'yes' : 'no'],
  ];
}

async function storageFacts(): Promise<readonly Fact[]> {
  const { usage, quota } = (await navigator.storage?.estimate?.()) ?? {};
  if (usage === undefined || quota === undefined) return [['available', 'not told']];
  return [
    ['used', bytesText(usage)],
    ['room', bytesText(quota)],
  ];
}

function loadedFacts(capabilities: BackendCapabilities): readonly Fact[] {
  const { device, float16, maxBufferBytes, notes } = capabilities;
  return [
    ['device', device],
    ['float16', float16 ? 'yes' : 'no'],
    ['largest tensor', limitText(maxBufferBytes)],
    ...notes.map((note): Fact => ['self-test', note]),
  ];
}
