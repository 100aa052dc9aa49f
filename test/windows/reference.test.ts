import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type WindowCase, windowsOfCase } from '../../scripts/parity/window-cases.js';
import { areSound } from '../../src/windows/frame-window.js';

const file = join(import.meta.dirname, '../fixtures/context-windows.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as WindowCase[];

describe.each(['looped', 'standard', 'static', 'batched'] as const)('%s windows', (kind) => {
  const ofKind = cases.filter((each) => each.kind === kind);

  test('equal the recorded ones where those are sound', () => {
    const sound = ofKind.filter(({ valid }) => valid);
    expect(sound.length).toBeGreaterThan(20);
    for (const each of sound) expect(windowsOfCase(each), label(each)).toEqual(each.windows);
  });

  test('are sound where the recorded ones are not', () => {
    for (const each of ofKind.filter(({ valid }) => !valid)) {
      expect(areSound(each.windows, each.n), `recorded: ${label(each)}`).toBe(false);
      expect(areSound(windowsOfCase(each), each.n), label(each)).toBe(true);
    }
  });
});

function label({ windows: _, ...options }: WindowCase): string {
  return JSON.stringify(options);
}
