import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Download, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from './support/browser-page.js';
import { openWebPage, type Visit, type VisitOptions, type WebPage } from './support/web-page.js';

const tiny = resolve(import.meta.dirname, '../fixtures/tiny-sd15');
const slow = { timeout: 100_000, interval: 100 };

let site: WebPage;
let visits: Visit[] = [];

beforeAll(async () => {
  if (chromiumPath !== undefined) site = await openWebPage();
}, 180_000);

afterEach(async () => {
  await Promise.all(visits.map((each) => each.close()));
  visits = [];
});

afterAll(() => site?.close());

/** A new visitor who computes on the processor, little of everything. */
async function visit(options: VisitOptions = {}): Promise<Visit> {
  const visited = await site.visit(options);
  visits.push(visited);
  await choose(visited.page, { numFrames: '4', steps: '4' });
  await visited.page.getByRole('radio', { name: 'WebAssembly' }).check();
  return visited;
}

async function choose(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name="${name}"]`).fill(value);
}

const status = (page: Page): Promise<string | null> => page.locator('#status').textContent();
const generate = (page: Page): Promise<void> => page.getByRole('button', { name: 'Generate' }).click();

async function finished(page: Page): Promise<void> {
  await expect.poll(() => status(page), slow).toMatch(/seed|error|Cancelled/);
  const card = page.locator('#error');
  expect((await card.isVisible()) ? await card.innerText() : 'no error').toBe('no error');
  expect(await status(page)).toMatch(/^\d+ frames? in .* · seed \d+$/);
}

/** Pixels of the canvas as one string, to compare. */
function pixels(page: Page): Promise<string> {
  return page.locator('#screen').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL('image/png'));
}

/** Drops files on the page as a hand would. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const base64 = Buffer.from(bytes).toString('base64');
  await page.evaluate(
    ([fileName, text]) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], fileName));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }),
        );
      }
    },
    [name, base64] as const,
  );
}

async function saved(page: Page, label: string): Promise<{ name: string; bytes: Buffer }> {
  const failure = async (): Promise<never> => {
    const card = page.getByRole('alert');
    await card.waitFor({ timeout: 90_000 });
    throw new Error(await card.innerText());
  };
  const download = page.waitForEvent('download', { timeout: 90_000 });
  await page.getByRole('button', { name: label, exact: true }).click();
  const file: Download = await Promise.race([download, failure()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** Whether everything fits in the width of the screen. */
function fits(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
}

describe.skipIf(chromiumPath === undefined)('examples/web in Chromium', { timeout: 180_000 }, () => {
  test('makes an animation with the built-in model: previews, then frames as they are decoded, then files', async () => {
    const { page, complaints, screenshot } = await visit();
    // What the page shows on the way, noted where it happens: the steps of a small model are fast.
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      const note = (): void => {
        const stage = document.querySelector('#stage')!;
        const line = document.querySelector('#status')!.textContent ?? '';
        const picture = document.querySelector<HTMLElement>('#stage-empty')!.hidden;
        seen.push(`${stage.classList.contains('is-preview') && picture ? 'preview ' : ''}${line}`);
      };
      new MutationObserver(note).observe(document.querySelector('#status')!, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await generate(page);
    await finished(page);
    const seen = await page.evaluate(() => (globalThis as never as { seen: string[] }).seen);
    expect(seen.some((line) => /^preview Step [234] of 4/.test(line))).toBe(true);
    expect(seen.filter((line) => /Frame \d of 4/.test(line)).length).toBeGreaterThanOrEqual(3);
    expect(await page.locator('#screen').getAttribute('aria-label')).toContain('4 frames: a red circle');
    await screenshot('done-light');

    expect((await saved(page, 'GIF')).bytes.toString('latin1', 0, 6)).toBe('GIF89a');
    expect((await saved(page, 'WebP')).bytes.toString('latin1', 8, 12)).toBe('WEBP');
    const sheet = await saved(page, 'PNG sheet');
    expect(sheet.bytes.toString('latin1', 1, 4)).toBe('PNG');
    expect(sheet.name).toBe('animation-6.png');
    expect((await saved(page, 'MP4')).bytes.toString('latin1', 4, 8)).toBe('ftyp');
    expect(complaints).toEqual([]);
  });

  test('gives the same picture for the same seed, and another for another', async () => {
    const { page } = await visit({ reducedMotion: 'reduce' });
    await page.getByLabel('Keep the seed').check();
    await generate(page);
    await finished(page);
    const first = await pixels(page);
    await choose(page, { seed: '7' });
    await generate(page);
    await finished(page);
    expect(await pixels(page)).not.toBe(first);
    await choose(page, { seed: '6' });
    await generate(page);
    await finished(page);
    expect(await pixels(page)).toBe(first);
  });

  test('stops when it is cancelled, and runs again', async () => {
    const { page } = await visit();
    await choose(page, { steps: '200' });
    await generate(page);
    await expect.poll(() => status(page), slow).toMatch(/^Step \d+ of 200/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => status(page), slow).toBe('Cancelled');
    await choose(page, { steps: '2' });
    await generate(page);
    await finished(page);
  });

  test('tells files of one’s own by their content, and adapters act by their sliders', async () => {
    const { page, complaints, screenshot } = await visit({ reducedMotion: 'reduce' });
    await page.locator('#folder-input').setInputFiles(join(tiny, 'model'));
    await expect.poll(() => page.locator('[data-role="checkpoint"]').innerText()).toContain('model');
    await drop(page, 'misnamed.bin', readFileSync(join(tiny, 'motion/v2.ckpt')));
    await expect.poll(() => page.locator('[data-role="motionModule"]').innerText()).toMatch(/v2/);
    await drop(page, 'style.safetensors', readFileSync(join(tiny, 'adapters/style-kohya.safetensors')));
    const slider = page.getByRole('slider', { name: 'Strength of style' });
    await slider.waitFor();

    await choose(page, { numFrames: '2', steps: '2', width: '64', height: '64' });
    await page.getByLabel('Keep the seed').check();
    await generate(page);
    await finished(page);
    const strong = await pixels(page);
    await page.getByLabel('Generate again when a slider is let go').check();
    await slider.fill('0');
    await expect.poll(() => status(page), slow).not.toMatch(/seed/);
    await finished(page);
    expect(await pixels(page)).not.toBe(strong);
    await screenshot('own-files');
    await slider.fill('1');
    await expect.poll(() => status(page), slow).not.toMatch(/seed/);
    await finished(page);
    expect(await pixels(page)).toBe(strong);
    expect(complaints).toEqual([]);
  });

  test('says in words what is wrong with a file', async () => {
    const { page, screenshot } = await visit();
    await drop(page, 'holiday.safetensors', new TextEncoder().encode('this is not a model'));
    const card = page.getByRole('alert');
    await expect.poll(() => card.innerText()).toContain('This file cannot be read');
    expect(await card.innerText()).toContain('holiday.safetensors');
    expect(await card.innerText()).toContain('Choose another file');
    expect(await card.evaluate((each) => each === document.activeElement)).toBe(true);
    await screenshot('wrong-file');
    await page.getByRole('button', { name: 'Close' }).click();
    await generate(page);
    await finished(page);
  });

  test('needs no network for the model on the second visit', async () => {
    const { page, context } = await visit();
    await generate(page);
    await finished(page);
    await context.route('**/embedded/**', (route) => route.abort());
    await page.reload();
    await generate(page);
    await finished(page);
  });

  test('says that the store is full, and goes on once there is room', async () => {
    const { page, context, screenshot } = await visit();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 100_000 });
    await generate(page);
    await expect.poll(() => page.getByRole('alert').innerText(), slow).toContain('store is full');
    await screenshot('store-full');
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin });
    await page.getByRole('button', { name: 'Empty the store' }).click();
    await expect.poll(() => status(page), slow).not.toMatch(/error/);
    await finished(page);
  });

  test('says that the graphics device was lost, and loads anew', async () => {
    const { page } = await visit({ losableDevice: true });
    await page.getByRole('radio', { name: 'WebGPU' }).check();
    await choose(page, { numFrames: '1', steps: '1' });
    await generate(page);
    await expect.poll(() => page.workers().length, slow).toBe(1);
    const [worker] = page.workers();
    const lose = (): Promise<boolean> =>
      worker!.evaluate(() => {
        const { device } = globalThis as { device?: GPUDevice };
        device?.destroy();
        return device !== undefined;
      });
    await expect.poll(lose, slow).toBe(true);
    await expect.poll(() => page.getByRole('alert').innerText(), slow).toContain('graphics device was lost');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => status(page), slow).toMatch(/^(Opening|Loading|Preparing|Generating)/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => status(page), slow).toBe('Cancelled');
  });

  test('works from the keyboard alone', async () => {
    const { page } = await visit({ reducedMotion: 'reduce' });
    await page.locator('#prompt').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('a blue star on a white background, spinning');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('cancel');
    await finished(page);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('generate');
    await page.locator('#scrub').focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('#frame-number').innerText()).toBe('2 / 4');
    await page.keyboard.press('Tab');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/\.gif$/);
  });

  test('fits a phone, at every moment', async () => {
    const { page, screenshot } = await visit({ viewport: { width: 360, height: 740 }, hasTouch: true });
    expect(await fits(page)).toBe(true);
    await generate(page);
    await finished(page);
    expect(await fits(page)).toBe(true);
    await screenshot('phone');
    await drop(page, `${'a-very-long-name-without-a-gap'.repeat(4)}.ckpt`, new Uint8Array(64));
    await page.getByRole('alert').waitFor();
    expect(await fits(page)).toBe(true);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('#device-open').click();
    await expect.poll(() => page.locator('#device-facts').innerText()).toContain('cross-origin isolated');
    expect(await fits(page)).toBe(true);
    await screenshot('phone-device');
  });

  test.each(['light', 'dark'] as const)('is legible in %s', async (colorScheme) => {
    const { page, screenshot } = await visit({ colorScheme });
    const contrasts = await page.evaluate(() => {
      const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
      // Relative luminance and contrast as WCAG 2 defines them.
      const luminance = (color: string): number => {
        const [red, green, blue] = channels(color).map((each) => {
          const share = each / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        }) as [number, number, number];
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const style = (selector: string): CSSStyleDeclaration =>
        getComputedStyle(document.querySelector(selector)!);
      const contrast = (front: string, back: string): number => {
        const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b) as [number, number];
        return (light + 0.05) / (dark + 0.05);
      };
      const paper = style('body').backgroundColor;
      return {
        text: contrast(style('body').color, paper),
        quiet: contrast(style('.quiet').color, paper),
        link: contrast(style('#surprise').color, paper),
        button: contrast(style('#generate').color, style('#generate').backgroundColor),
        field: contrast(style('#prompt').color, style('#prompt').backgroundColor),
        paper: luminance(paper),
      };
    });
    const { paper, ...texts } = contrasts;
    expect(paper > 0.5).toBe(colorScheme === 'light');
    for (const [name, contrast] of Object.entries(texts)) expect(contrast, name).toBeGreaterThan(4.5);
    await screenshot(`idle-${colorScheme}`);
  });
});
