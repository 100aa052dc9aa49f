import { extname } from 'node:path';
import type { Animation, BatchEvent, BatchItem, PipelineEvent } from '../index.js';
import { enlarge } from './enlarge.js';
import { encodeSheet, type Output } from './outputs.js';
import type { Reporter } from './reporter.js';
import { writeWhole } from './write-file.js';

/** How an animation is written. */
export interface WriteOptions {
  /** How often each pixel is repeated. */
  readonly factor: number;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Where previews go. */
  readonly preview?: string | undefined;
}

/** Writes the pictures of a step, if it has some, in place of those before. */
export async function writePreview(
  event: PipelineEvent,
  { factor, reporter, signal, preview: path }: WriteOptions,
): Promise<void> {
  if (event.type !== 'step-end' || event.preview === undefined || path === undefined) return;
  const pictures = event.preview.map((frame) => enlarge(frame, factor));
  await writeWhole(path, await encodeSheet(pictures, { signal }));
  reporter.written(path);
}

/** Writes an animation to all outputs. @throws The first failure, after what could be written was. */
export async function writeAnimation(
  { frames, fps, seed }: Animation,
  outputs: readonly Output[],
  { factor, reporter, signal }: WriteOptions,
): Promise<void> {
  const pictures = frames.map((frame) => enlarge(frame, factor));
  const failures: unknown[] = [];
  const written: string[] = [];
  for (const { path, encode } of outputs) {
    const onProgress = ({ done, total }: { done: number; total: number }): void =>
      reporter.writing(path, done / total);
    try {
      await writeWhole(path, await encode(pictures, { fps, signal, onProgress }));
      written.push(path);
      reporter.written(path);
    } catch (error) {
      // The work is done: what can be kept of it is kept.
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (written.length > 0) reporter.done(seed, written);
  if (failures.length > 0) throw failures[0];
}

/**
 * Writes the animations of a batch as they come.
 * @param keepsGoing Whether failures are told here, and at the end how many there were; otherwise the batch throws them.
 * @throws When some of them have failed.
 */
export async function writeAll(
  batch: AsyncIterable<BatchEvent>,
  outputs: readonly Output[],
  writing: WriteOptions,
  keepsGoing: boolean,
): Promise<void> {
  let [failures, all] = [0, 0];
  for await (const { item, event } of batch) {
    const { reporter } = writing;
    reporter.item(item);
    all = item.count;
    if (event.type === 'job-error') {
      failures += 1;
      if (keepsGoing) reporter.failed(event.error);
      continue;
    }
    reporter.event(event);
    await writePreview(event, writing);
    if (event.type !== 'generation-end') continue;
    await writeAnimation(event.animation, numbered(outputs, item), writing);
  }
  if (failures > 0) throw new Error(`${failures} of ${all} animations failed`);
}

/** The outputs of one animation of several: `a.gif` is `a-001.gif` for the first. */
export function numbered(
  outputs: readonly Output[],
  { index, count }: Pick<BatchItem, 'index' | 'count'>,
): Output[] {
  const number = String(index + 1).padStart(Math.max(3, String(count).length), '0');
  return outputs.map(({ path, encode }) => {
    const ending = extname(path);
    return { encode, path: `${path.slice(0, path.length - ending.length)}-${number}${ending}` };
  });
}
