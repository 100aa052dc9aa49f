import type { Backend, BackendCapabilities, ModelArtifact } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';

/** A backend, and what it was asked to load so far. */
export interface WatchedBackend {
  readonly backend: Backend;
  /** Networks, in order. */
  readonly given: ModelArtifact[];
  /** Their labels. */
  readonly loaded: string[];
}

/** The CPU, watched; `claims` are capabilities that it says it has besides. */
export function watchedBackend(claims: Partial<BackendCapabilities> = {}): WatchedBackend {
  const cpu = ortNode();
  const given: ModelArtifact[] = [];
  const loaded: string[] = [];
  const backend: Backend = {
    ...cpu,
    capabilities: async () => ({ ...(await cpu.capabilities()), ...claims }),
    createSession(artifact, options) {
      given.push(artifact);
      loaded.push(artifact.label);
      return cpu.createSession(artifact, options);
    },
  };
  return { backend, given, loaded };
}
