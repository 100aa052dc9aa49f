import { parentPort } from 'node:worker_threads';
import { ortNode } from '../../../src/backends/ort-node.js';
import { servePipeline } from '../../../src/pipeline/remote/serve-pipeline.js';

servePipeline(() => ortNode({ isolation: 'none', threads: 2 }), parentPort!);
