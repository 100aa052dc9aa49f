import { expect, test } from 'vitest';
import { tableRows } from '../../src/onnx/table-rows.js';
import { ramp, runGraph } from '../support/run-graph.js';

test.each([1, 2, 3, 6])('a table in %i pieces gives the rows of the whole', async (count) => {
  const [rows, width] = [6, 2];
  const table = ramp(rows * width);
  const ids = BigInt64Array.of(5n, 0n, 2n, 3n, 1n, 4n, 3n, 3n);
  const found = await runGraph(
    { ids: { type: 'int64', shape: [2, 4], data: ids } },
    (g) => tableRows(g, g.weightParts('table', [rows, width], count), g.input('ids', 'int64', ['batch', 4])),
    { table },
  );
  expect(found.shape).toEqual([2, 4, width]);
  expect([...found.data]).toEqual(
    [...ids].flatMap((id) => [...table.subarray(Number(id) * width, (Number(id) + 1) * width)]),
  );
});
