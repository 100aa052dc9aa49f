import type { Backend, BackendCapabilities, FusedOperator, Session, Tensor } from 'animatediff-js';
import type { OrtWebOptions } from 'animatediff-js/web';
import type { Page } from 'playwright-core';
import type * as WebBackend from '../pages/web-backend.js';
import { plain, plainArtifact, revivedTensor } from './plain-artifact.js';

type Entry = typeof WebBackend;

/** Calls what the page's entry exports, with JSON. */
export function callPage<Name extends keyof Entry>(
  page: Page,
  name: Name,
  ...request: Parameters<Entry[Name]>
): Promise<Awaited<ReturnType<Entry[Name]>>> {
  return page.evaluate(
    ([name, request]) =>
      (window as unknown as { entry: Record<string, (...all: unknown[]) => unknown> }).entry[name]!(
        ...request,
      ),
    [name, request as unknown[]] as const,
  ) as Promise<Awaited<ReturnType<Entry[Name]>>>;
}

/** A backend of the page, so that tests made for Node run on it. */
export function pageBackend(page: Page, options: OrtWebOptions): Backend {
  const opened = callPage(page, 'open', options);
  return {
    contract: 'backend/1',
    name: `page/${options.device}`,
    capabilities: async () => {
      const found = (await callPage(page, 'capabilities', await opened)) as unknown as BackendCapabilities;
      // What crosses into the page are tensors.
      return {
        ...found,
        dialect: new Set(found.dialect as Iterable<FusedOperator>),
        deviceTensors: false,
      };
    },
    createSession: async (artifact): Promise<Session> => {
      const id = await callPage(page, 'create', await opened, await plainArtifact(artifact));
      return {
        run: async (feeds) => {
          const given = Object.entries(feeds).map(([name, tensor]) => [name, plain(tensor as Tensor)]);
          const outputs = await callPage(page, 'run', id, Object.fromEntries(given));
          return Object.fromEntries(
            Object.entries(outputs).map(([name, tensor]) => [name, revivedTensor(tensor)]),
          );
        },
        dispose: () => callPage(page, 'dispose', id),
      };
    },
    dispose: async () => callPage(page, 'dispose', await opened),
  };
}
