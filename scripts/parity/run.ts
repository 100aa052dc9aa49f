import { ortNode } from 'animatediff-js/node';
import { parityChecks } from './checks.js';
import { openReference } from './reference.js';

/** `npm run parity -- DIR`: compares everything in a reference directory and prints a table. */
async function main(directory: string | undefined): Promise<void> {
  if (directory === undefined) {
    console.error(
      'usage: npm run parity -- DIRECTORY (with reference.json, reference.safetensors and model files)',
    );
    process.exitCode = 2;
    return;
  }
  const reference = await openReference(directory);
  let passed = 0;
  let failed = 0;
  for await (const check of parityChecks(reference, ortNode())) {
    console.log(
      `${check.passed ? 'pass' : 'FAIL'}  ${check.error.toExponential(2).padStart(9)}  ${check.name}`,
    );
    if (check.passed) passed++;
    else failed++;
  }
  const adapters = reference.names.filter((name) => /lora|peft|domain|everything/.test(name));
  if (adapters.length > 0)
    console.log(`not run, since adapters are not supported yet: ${adapters.join(', ')}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main(process.argv[2]);
