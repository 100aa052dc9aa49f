import type { Backend } from 'animatediff-js';

/** A backend whose graphs are written from ONNX's own operators alone. */
export function portableBackend(backend: Backend): Backend {
  return {
    ...backend,
    capabilities: async () => ({ ...(await backend.capabilities()), dialect: new Set() }),
  };
}
