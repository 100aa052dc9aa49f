import { expect, test } from 'vitest';
import { progressLine } from '../../src/cli/progress-line.js';

/** Collects what is written. */
function stream(isTTY: boolean, columns = 80) {
  const text: string[] = [];
  return { isTTY, columns, write: (part: string) => text.push(part), text };
}

test('a terminal has one line, redrawn ten times a second at most, and cleared in the end', () => {
  let now = 0;
  const terminal = stream(true);
  const line = progressLine(terminal, () => now);
  line.show('denoising', 0.5, 62, '5/10');
  now = 50;
  line.show('denoising', 0.6, 50, '6/10');
  now = 100;
  line.show('denoising', 1, 0, '10/10');
  line.end();
  expect(terminal.text).toEqual([
    `\rdenoising 5/10         ${'█'.repeat(12)}${'░'.repeat(12)}  50%, 1 min 2 s left`,
    `\r${`denoising 10/10        ${'█'.repeat(24)} 100%`.padEnd(68)}`,
    `\r${' '.repeat(52)}\r`,
  ]);
});

test('a line never wraps', () => {
  const terminal = stream(true, 30);
  progressLine(terminal).show('a phase with a very long name', 0.5, 3600);
  expect(terminal.text.join('').length).toBeLessThanOrEqual(30);
});

test('a terminal that does not know its width gets the whole line', () => {
  const terminal = stream(true, 0);
  progressLine(terminal).show('denoising', 0.5, 3);
  expect(terminal.text.join('')).toMatch(/ 3 s left$/);
});

test('a log gets a line when a phase begins and ends, and every ten seconds', () => {
  let now = 0;
  const log = stream(false);
  const line = progressLine(log, () => now);
  for (let step = 0; step <= 10; step++) {
    now = step * 2500;
    line.show('denoising', step / 10, (10 - step) * 2.5);
  }
  line.end();
  expect(log.text).toEqual([
    'denoising: 0%, 25 s left\n',
    'denoising: 40%, 15 s left\n',
    'denoising: 80%, 5 s left\n',
    'denoising: 100%\n',
  ]);
});
