import type { Backend } from 'animatediff-js';
import * as ort from 'onnxruntime-node';
import { parityChecks } from './parity/checks.js';
import { openReference } from './parity/reference.js';

const backend: Backend = {
  contract: 'backend/1',
  name: 'scratch',
  capabilities: async () =>
    ({
      device: 'cpu',
      dialect: new Set(['MultiHeadAttention', 'QuickGelu'] as const),
      float16: false,
      maxBufferBytes: 2 ** 31,
      maxModelBytes: 2 ** 40,
      abort: 'between-runs',
      deviceTensors: false,
      notes: [],
    }) as any,
  async createSession(a) {
    const externalData: any[] = [];
    for (const w of a.weights) {
      const buf = new Uint8Array(w.byteLength);
      for (const t of w.tensors) buf.set(await t.read(), t.offset);
      externalData.push({ path: w.location, data: buf });
    }
    const s = await ort.InferenceSession.create(a.graph, { externalData, logSeverityLevel: 3 } as any);
    return {
      async run(feeds) {
        const r = await s.run(
          Object.fromEntries(
            Object.entries(feeds).map(([n, t]) => [n, new ort.Tensor(t.type as any, t.data as any, t.shape)]),
          ),
        );
        return Object.fromEntries(
          Object.entries(r).map(([n, t]) => [n, { type: t.type as any, shape: t.dims, data: t.data as any }]),
        );
      },
      dispose: () => s.release(),
    };
  },
  dispose: async () => {},
};
const reference = await openReference(process.argv[2]!);
for await (const check of parityChecks(reference, backend))
  console.log(
    `${check.passed ? 'pass' : 'FAIL'}  ${check.error.toExponential(2).padStart(9)}  ${check.name}`,
  );
