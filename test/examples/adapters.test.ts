import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Frame } from 'animatediff-js';
import { expect, test } from 'vitest';
import { domainAdapterSweep } from '../../examples/domain-adapter-sweep.js';
import { loraSlider } from '../../examples/lora-slider.js';
import { motionLoraMix } from '../../examples/motion-lora-mix.js';
import { fixture, tinyGeneration } from '../support/tiny-model.js';

const checkpoint = fixture('tiny-sd15/model');
const motionModule = fixture('tiny-sd15/motion/v2.ckpt');
const adapter = (name: string): string => fixture('tiny-sd15/adapters', name);

/** The pictures of a sheet as text, to compare them. */
function cells({ width, data }: Frame, columns: number, rows: number, size: number): string[] {
  const gap = 4;
  return Array.from({ length: columns * rows }, (_, i) => {
    const [left, top] = [i % columns, Math.floor(i / columns)].map((at) => gap + at * (size + gap)) as [
      number,
      number,
    ];
    const lines = Array.from({ length: size }, (_line, y) => {
      const start = ((top + y) * width + left) * 4;
      return data.slice(start, start + size * 4).join();
    });
    return lines.join('\n');
  });
}

test('the sweep of a domain adapter shows a row for each strength', async () => {
  const files = { checkpoint, motionModule, adapter: adapter('domain-adapter.ckpt') };
  const request = { ...tinyGeneration, numInferenceSteps: 1, width: 32, height: 32 };
  const sheet = await domainAdapterSweep(files, request, [1, 0.5, 0], 2);
  expect([sheet.width, sheet.height]).toEqual([4 + 2 * 36, 4 + 3 * 36]);
  expect(new Set(cells(sheet, 2, 3, 32)).size).toBe(6);
});

test('the mix of two MotionLoRAs is none of them alone', async () => {
  const mix = (...names: string[]) =>
    motionLoraMix(
      { checkpoint, motionModule, motions: names.map(adapter) },
      { ...tinyGeneration, numInferenceSteps: 1 },
    );
  const both = await mix('motion-lora-a.ckpt', 'motion-lora-b.ckpt');
  const one = await mix('motion-lora-a.ckpt');
  expect([both.frames.length, both.warnings]).toEqual([2, one.warnings]);
  expect(both.frames).not.toEqual(one.frames);
});

test('the slider shows a picture for each scale', async () => {
  const files = { checkpoint, lora: adapter('style-kohya.safetensors') };
  const request = { ...tinyGeneration, numInferenceSteps: 1, width: 32, height: 32 };
  const sheet = await loraSlider(files, request, { from: 0, to: 1, count: 4 });
  expect(new Set(cells(sheet, 2, 2, 32)).size).toBe(4);
});

test.each([
  ['domain-adapter-sweep', /v3_sd15_mm\.ckpt and v3_sd15_adapter\.ckpt/],
  ['motion-lora-mix', /two MotionLoRAs/],
  ['lora-slider', /CHECKPOINT and LORA/],
])('%s says which files it needs', (name, message) => {
  const root = resolve(import.meta.dirname, '../..');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', resolve(root, `examples/${name}.ts`)],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, TSX_TSCONFIG_PATH: resolve(root, 'tsconfig.tools.json') },
    },
  );
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
});
