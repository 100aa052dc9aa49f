import { readFileSync } from 'node:fs';
import { failureOf, type WindowCase } from './window-cases.js';

interface Row {
  passed: number;
  failed: number;
  invalid: number;
}

/** `npm run parity:windows -- FILE`: compares every case marked valid, a line for each schedule and number of frames. */
function main(file: string | undefined): void {
  if (file === undefined) {
    console.error('usage: npm run parity:windows -- FILE (laid out like context-windows.json)');
    process.exitCode = 2;
    return;
  }
  const rows = new Map<string, Row>();
  const failures: string[] = [];
  for (const each of JSON.parse(readFileSync(file, 'utf8')) as WindowCase[]) {
    const key = `${each.kind.padEnd(10)}${String(each.n).padStart(6)}`;
    const row = rows.get(key) ?? { passed: 0, failed: 0, invalid: 0 };
    rows.set(key, row);
    const failure = failureOf(each);
    if (failure !== undefined) {
      const { windows: _, ...options } = each;
      failures.push(`FAIL  ${JSON.stringify(options)}: ${failure}`);
      row.failed++;
    } else if (each.valid) row.passed++;
    else row.invalid++;
  }
  printTable(rows);
  for (const failure of failures) console.log(failure);
  const passed = [...rows.values()].reduce((sum, row) => sum + row.passed, 0);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function printTable(rows: ReadonlyMap<string, Row>): void {
  const line = (key: string, cells: readonly (string | number)[]): void =>
    console.log(key + cells.map((cell) => String(cell).padStart(18)).join(''));
  line('schedule  frames', ['passed', 'failed', 'invalid there']);
  for (const [key, { passed, failed, invalid }] of rows) line(key, [passed, failed, invalid]);
}

main(process.argv[2]);
