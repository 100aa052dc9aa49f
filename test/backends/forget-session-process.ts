// Started by ort-node.test.ts: uses a session and ends without disposing it.
import { ortNode } from '../../src/backends/ort-node.js';
import type { OrtNodeOptions } from '../../src/backends/ort-node-options.js';
import { matrixStack, ones } from './networks.js';

const backend = ortNode({ isolation: process.argv[2] as OrtNodeOptions['isolation'] });
const session = await backend.createSession(matrixStack(1, 64));
await session.run(ones(1, 64));
