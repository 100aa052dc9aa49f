import { checkScheduler, openSchedulerReference } from './scheduler-cases.js';

/** `npm run parity:schedulers -- DIR`: compares every recorded scheduler run and prints a table, a line each. */
async function main(directory: string | undefined): Promise<void> {
  if (directory === undefined) {
    console.error(
      'usage: npm run parity:schedulers -- DIRECTORY (with schedulers.json and schedulers.safetensors)',
    );
    process.exitCode = 2;
    return;
  }
  const reference = await openSchedulerReference(directory);
  let passed = 0;
  let failed = 0;
  for (const each of reference.cases) {
    const failures: string[] = [];
    let checks = 0;
    let worst = 0;
    try {
      for await (const check of checkScheduler(each, reference.tensor)) {
        checks++;
        worst = Math.max(worst, check.error);
        if (!check.passed) failures.push(`${check.name} ${check.error.toExponential(1)}`);
      }
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    if (failures.length === 0) passed++;
    else failed++;
    const outcome = failures.length === 0 ? 'pass' : 'FAIL';
    console.log(
      `${outcome}  ${worst.toExponential(1).padStart(8)}  ${String(checks).padStart(3)} checks  ${each.name.padEnd(28)}` +
        `  ${each.scheduler}${failures.length > 0 ? `: ${failures.slice(0, 4).join('; ')}` : ''}`,
    );
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main(process.argv[2]);
