// Started by weights-cache-processes.test.ts: prepares weights in a cache, and dies in the middle when told so.
import { weightsCache } from '../../src/backends/weights/weights-cache-node.js';
import { matrixStack } from './networks.js';

const [directory, ending] = process.argv.slice(2);
const artifact = matrixStack(8, 1024, 'shared');
if (ending === 'killed') {
  artifact.weights[0]!.tensors[3]!.read = async () => {
    process.kill(process.pid, 'SIGKILL');
    return new Uint8Array();
  };
}
const weights = await weightsCache({ directory: directory!, maxBytes: 1e9 }).prepare(artifact);
if (ending !== 'exit') await weights.release();
