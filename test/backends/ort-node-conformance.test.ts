import { describe, test } from 'vitest';
import { ortNode } from '../../src/backends/ort-node.js';
import { backendConformance } from '../../src/testing/backend-conformance.js';

const isolations = ['worker', 'process', 'none'] as const;

describe.each(isolations)('ortNode with isolation %s keeps the backend contract:', (isolation) => {
  for (const { name, run } of backendConformance(() => ortNode({ isolation, threads: 2 }))) {
    test(name, { timeout: 60_000 }, run);
  }
});
