import { MessageChannel } from 'node:worker_threads';
import { describe, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { ortNode } from '../../src/backends/ort-node.js';
import { serveBackend } from '../../src/backends/worker/serve-backend.js';
import { workerBackend } from '../../src/backends/worker/worker-backend.js';
import { backendConformance } from '../../src/testing/backend-conformance.js';
import { workerStarter } from '../support/start-worker.js';

const start = workerStarter('backend-worker');

const makers: Readonly<Record<string, () => Backend>> = {
  'over a message channel': () => {
    const { port1, port2 } = new MessageChannel();
    serveBackend(ortNode({ isolation: 'none', threads: 2 }), port2);
    return workerBackend(port1);
  },
  'over a worker thread': () => workerBackend(start),
};

describe.each(Object.keys(makers))('workerBackend %s keeps the backend contract:', (name) => {
  for (const each of backendConformance(makers[name]!)) {
    test(each.name, { timeout: 60_000 }, each.run);
  }
});
