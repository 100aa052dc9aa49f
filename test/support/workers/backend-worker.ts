import { parentPort } from 'node:worker_threads';
import { ortNode } from '../../../src/backends/ort-node.js';
import { serveBackend } from '../../../src/backends/worker/serve-backend.js';

serveBackend(ortNode({ isolation: 'none', threads: 2 }), parentPort!);
