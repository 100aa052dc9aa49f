import {
  type AnimateDiffPipeline,
  ddim,
  float32Tensor,
  type PipelineEvent,
  type Scheduler,
} from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTiny, tinyGeneration } from '../support/tiny-model.js';

let pipeline: AnimateDiffPipeline;
beforeAll(async () => {
  pipeline = await loadTiny();
});
afterAll(() => pipeline.dispose());

async function collect(options: Parameters<AnimateDiffPipeline['stream']>[0]): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = [];
  for await (const event of pipeline.stream(options)) events.push(event);
  return events;
}

describe('a generation', () => {
  test('tells its start, steps, frames and end in order', async () => {
    const types = (await collect(tinyGeneration))
      .map(({ type }) => type)
      .filter((type) => type !== 'warning');
    expect(types).toEqual([
      'generation-start',
      'step-end',
      'step-end',
      'frame-decoded',
      'frame-decoded',
      'generation-end',
    ]);
  });

  test('gives RGBA frames of the size that was asked for', async () => {
    const { frames, fps, seed } = await pipeline.generate({ ...tinyGeneration, width: 72, height: 40 });
    expect(frames.map(({ width, height, data }) => [width, height, data.length])).toEqual([
      [72, 40, 72 * 40 * 4],
      [72, 40, 72 * 40 * 4],
    ]);
    expect([fps, seed]).toEqual([8, 7]);
  });

  test('repeats bit for bit with the same seed, and differs with another', async () => {
    const first = await pipeline.generate(tinyGeneration);
    const second = await pipeline.generate(tinyGeneration);
    const other = await pipeline.generate({ ...tinyGeneration, seed: 8 });
    expect(second.frames).toEqual(first.frames);
    expect(second.latents).toEqual(first.latents);
    expect(other.frames).not.toEqual(first.frames);
  });

  test('repeats bit for bit after the pipeline was disposed and loaded again', async () => {
    const first = await pipeline.generate(tinyGeneration);
    await using again = await loadTiny();
    expect((await again.generate(tinyGeneration)).frames).toEqual(first.frames);
  });

  test('tells the seed that it drew, which repeats it', async () => {
    const { seed: _, ...unseeded } = tinyGeneration;
    const first = await pipeline.generate(unseeded);
    const again = await pipeline.generate({ ...unseeded, seed: first.seed });
    expect(again.frames).toEqual(first.frames);
  });

  test('takes any number of frames and any size in one session', async () => {
    for (const [numFrames, width, height] of [
      [1, 64, 64],
      [3, 64, 40],
      [32, 16, 16],
    ] as const) {
      const { frames } = await pipeline.generate({
        ...tinyGeneration,
        numFrames,
        width,
        height,
        numInferenceSteps: 1,
      });
      expect(frames).toHaveLength(numFrames);
    }
  });

  test('computes guidance in one run or in two to the same result', async () => {
    const run = (guidanceBatching: 'batched' | 'sequential') =>
      pipeline.generate({ ...tinyGeneration, guidanceBatching });
    const [batched, sequential] = [await run('batched'), await run('sequential')];
    expect(sequential.latents.data).toBeRelativelyCloseTo(batched.latents.data, 1e-4);
  });

  test('without guidance ignores the negative prompt', async () => {
    const plain = { ...tinyGeneration, guidanceScale: 1 };
    const one = await pipeline.generate(plain);
    const other = await pipeline.generate({ ...plain, negativePrompt: 'blue' });
    expect(other.frames).toEqual(one.frames);
  });

  test('starts from noise that is given', async () => {
    const shape = [1, 4, 2, 8, 8];
    const latents = float32Tensor(new Float32Array(512).fill(0.5), shape);
    const [start] = await collect({ ...tinyGeneration, latents });
    expect(start).toMatchObject({ type: 'generation-start', latents: { shape } });
    await expect(pipeline.generate({ ...tinyGeneration, numFrames: 3, latents })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('[1, 4, 3, 8, 8]'),
    });
  });

  test('warns of the words that did not fit', async () => {
    const prompt = `${'circle '.repeat(80)}square`;
    const { warnings } = await pipeline.generate({ ...tinyGeneration, prompt });
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: 'prompt-truncated', message: expect.stringContaining('square') }),
    );
  });

  test('is mirrored to listeners, of which one that throws stops nothing', async () => {
    const seen: string[] = [];
    const stop = pipeline.on('step-end', ({ step }) => seen.push(`step ${step}`));
    pipeline.on('frame-decoded', ({ frame }) => seen.push(`frame ${frame}`));
    await pipeline.generate(tinyGeneration);
    stop();
    await pipeline.generate(tinyGeneration);
    expect(seen).toEqual(['step 0', 'step 1', 'frame 0', 'frame 1', 'frame 0', 'frame 1']);
  });
});

describe('a generation refuses', () => {
  const rejected = (options: object, message: RegExp, code = 'invalid-options') =>
    expect(pipeline.generate({ ...tinyGeneration, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });

  test('windows of more frames than the motion module has positions', () =>
    rejected({ numFrames: 40, context: { length: 33 } }, /length.* at most 32 frames at once, got 33/));
  test('sides that are no multiple of 8', () => rejected({ width: 60 }, /width/));
  test('unknown and misspelt options, all told at once', () =>
    rejected({ stpes: 3, guidanceScale: -1 }, /guidanceScale.*stpes/));
  test('more clip skip than there are layers', () => rejected({ clipSkip: 4 }, /clipSkip.*0 to 3/));
  test('a second generation while one runs', async () => {
    const stream = pipeline.stream(tinyGeneration);
    await stream.next();
    await rejected({}, /another animation/, 'busy');
    await stream.return();
    await expect(pipeline.generate(tinyGeneration)).resolves.toBeDefined();
  });
});

describe('stopping', () => {
  test('an abort between steps rejects with its reason, and the pipeline serves on', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const run = async (): Promise<void> => {
      for await (const event of pipeline.stream({
        ...tinyGeneration,
        numInferenceSteps: 50,
        signal: controller.signal,
      })) {
        if (event.type === 'step-end') controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    await expect(pipeline.generate(tinyGeneration)).resolves.toBeDefined();
  });

  test('an abort during a run rejects at once', async () => {
    const controller = new AbortController();
    const long = pipeline.generate({
      ...tinyGeneration,
      numFrames: 32,
      width: 256,
      height: 256,
      numInferenceSteps: 50,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 100);
    const before = performance.now();
    await expect(long).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - before).toBeLessThan(1500);
    await expect(pipeline.generate(tinyGeneration)).resolves.toBeDefined();
  });

  test('leaving the loop ends the generation', async () => {
    for await (const event of pipeline.stream(tinyGeneration)) if (event.type === 'step-end') break;
    await expect(pipeline.generate(tinyGeneration)).resolves.toBeDefined();
  });

  test('disposing ends a generation, and later calls say so', async () => {
    const other = await loadTiny();
    const run = other.generate({ ...tinyGeneration, numInferenceSteps: 200 });
    const ended = expect(run).rejects.toMatchObject({ code: 'disposed' });
    setTimeout(() => void other.dispose(), 50);
    await ended;
    await other.dispose();
    await expect(other.generate(tinyGeneration)).rejects.toMatchObject({ code: 'disposed' });
  });
});

describe('plugins', () => {
  test("a scheduler of one's own drives the generation, and is warned of when its noise is not the module's", async () => {
    const base = ddim({ betaSchedule: 'scaled_linear' });
    const visited: number[] = [];
    const scheduler: Scheduler = {
      ...base,
      name: 'tracing',
      start(request) {
        const run = base.start(request);
        return {
          ...run,
          step(output, sample, index) {
            visited.push(index);
            return run.step(output, sample, index);
          },
        };
      },
    };
    await using own = await loadTiny({ scheduler });
    const { warnings } = await own.generate(tinyGeneration);
    expect(visited).toEqual([0, 1]);
    expect(own.info.scheduler).toBe('tracing');
    expect(warnings.map(({ code }) => code)).toContain('scheduler-contradicts-module');
  });
});
