import { parseArgs } from 'node:util';
import { type OrtNodeOptions, ortNode } from 'animatediff-js/node';
import type { Check } from './check.js';
import { parityChecks } from './checks.js';
import { openReference } from './reference.js';

/** `npm run parity -- DIR [--device webgpu] [--isolation process]`: compares everything in a reference directory and prints a table. */
async function main(directory: string | undefined, options: OrtNodeOptions): Promise<void> {
  if (directory === undefined) {
    console.error(
      'usage: npm run parity -- DIRECTORY [--device …] [--isolation …] (with reference.json, reference.safetensors and model files)',
    );
    process.exitCode = 2;
    return;
  }
  const reference = await openReference(directory);
  let passed = 0;
  let failed = 0;
  for await (const check of parityChecks(reference, ortNode(options))) {
    console.log(
      `${check.passed ? 'pass' : 'FAIL'}  ${check.error.toExponential(2).padStart(9)}  ${check.name}${noteOf(check)}`,
    );
    if (check.passed) passed++;
    else failed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** A network that turns rounding into more than the tolerance cannot be met more closely than it meets itself. */
function noteOf({ sensitivity }: Check): string {
  if (sensitivity === undefined) return '';
  return ` (the last bits of its input move this network by ${sensitivity.toExponential(1)})`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { device: { type: 'string' }, isolation: { type: 'string' } },
});
await main(positionals[0], values as OrtNodeOptions);
