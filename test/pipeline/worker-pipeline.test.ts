import { euler, schedulerFromName } from 'animatediff-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnimateDiffPipeline } from '../../src/pipeline/animate-diff-pipeline.js';
import { workerPipeline } from '../../src/pipeline/remote/worker-pipeline.js';
import type { WorkerPipeline } from '../../src/pipeline/remote/worker-pipeline-contract.js';
import { workerStarter } from '../support/start-worker.js';
import { loadTiny, tinyModel } from '../support/tiny-model.js';
import { animationOf, eventsOf, ofType, small } from './stream-events.js';

const start = workerStarter('pipeline-worker');

let pipeline: WorkerPipeline;
let direct: AnimateDiffPipeline;

beforeAll(async () => {
  [pipeline, direct] = await Promise.all([workerPipeline(start, tinyModel()), loadTiny()]);
});

afterAll(async () => {
  await pipeline.dispose();
  await direct.dispose();
});

describe('a pipeline in a worker', () => {
  test('tells what was loaded as the direct one does', () => {
    expect(pipeline.info).toEqual(direct.info);
  });

  test('makes the same frames, to the bit, with the same events', async () => {
    const [theirs, ours] = [await eventsOf(direct.stream(small)), await eventsOf(pipeline.stream(small))];
    expect(ours.map(({ type }) => type)).toEqual(theirs.map(({ type }) => type));
    const plain = (events: typeof ours) => events.map((event) => ({ ...event, secondsLeft: undefined }));
    expect(plain(ours)).toEqual(plain(theirs));
  });

  test('gives the result the very frames that were shown', async () => {
    const events = await eventsOf(pipeline.stream(small));
    const shown = ofType(events, 'frame-decoded').map(({ image }) => image);
    expect(animationOf(events).frames.every((frame, index) => frame === shown[index])).toBe(true);
  });

  test('mirrors events to listeners', async () => {
    const steps: number[] = [];
    const stop = pipeline.on('step-end', ({ step }) => steps.push(step));
    await pipeline.generate(small);
    stop();
    await pipeline.generate(small);
    expect(steps).toEqual([0, 1]);
  });

  test('goes on from a checkpoint, to the bit', async () => {
    const whole = await eventsOf(pipeline.stream({ ...small, checkpointEvery: 1 }));
    const { state } = ofType(whole, 'checkpoint')[0]!;
    const resumed = await eventsOf(pipeline.resume(state));
    expect(animationOf(resumed).frames).toEqual(animationOf(whole).frames);
  });

  test('makes endless animations frame by frame, and stops when the loop is left', async () => {
    const options = { ...small, numInferenceSteps: 4, windowLength: 2 };
    const { numFrames: _, ...endless } = options;
    const firstFrames = async (from: Pick<WorkerPipeline, 'endless'> | AnimateDiffPipeline) => {
      const frames: unknown[] = [];
      for await (const event of from.endless(endless)) {
        if (event.type === 'frame-decoded') frames.push(event.image);
        if (frames.length === 3) break;
      }
      return frames;
    };
    expect(await firstFrames(pipeline)).toEqual(await firstFrames(direct));
    await pipeline.generate(small);
  });

  test('makes nothing ahead: the next event is worked on when it is asked for', async () => {
    const stream = pipeline.stream(small);
    await stream.next();
    // The generation waits, so a plan is answered and a second generation refused.
    await expect(pipeline.generate(small)).rejects.toMatchObject({ code: 'busy' });
    await stream.return();
    await pipeline.generate(small);
  });

  test('takes samplers by name', async () => {
    const name = 'euler_karras';
    const theirs = await direct.generate({
      ...small,
      scheduler: (noise) => schedulerFromName(name, { ...noise }).scheduler,
    });
    expect((await pipeline.generate({ ...small, scheduler: name })).frames).toEqual(theirs.frames);
    const withOptions = { name: 'euler', options: { useKarrasSigmas: true } };
    expect((await pipeline.generate({ ...small, scheduler: withOptions })).frames).toEqual(theirs.frames);
  });

  test('tells of samplers that stand in for others', async () => {
    const events = await eventsOf(pipeline.stream({ ...small, scheduler: 'dpmpp_sde' }));
    const codes = ofType(events, 'warning').map(({ warning }) => warning.code);
    expect(codes).toContain('scheduler-substituted');
    expect(animationOf(events).warnings.map(({ code }) => code)).toContain('scheduler-substituted');
  });

  test('plans memory and tells what its backend offers', async () => {
    expect(await pipeline.plan({ numFrames: 4 })).toEqual(await direct.plan({ numFrames: 4 }));
    expect(await pipeline.capabilities()).toMatchObject({ device: 'cpu', dialect: expect.any(Set) });
  });
});

describe('cancelling in a worker', () => {
  test('rejects with the very reason, and the next generation runs', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stream = pipeline.stream({ ...small, numInferenceSteps: 20, signal: controller.signal });
    await stream.next();
    const pending = stream.next();
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect((await pipeline.generate(small)).frames).toEqual((await direct.generate(small)).frames);
  });

  test('rejects before anything is asked of the worker', async () => {
    const signal = AbortSignal.abort();
    await expect(pipeline.generate({ ...small, signal })).rejects.toBe(signal.reason);
  });

  test('is followed by a change of adapters without being told to wait', async () => {
    const controller = new AbortController();
    const stream = pipeline.stream({ ...small, numInferenceSteps: 20, signal: controller.signal });
    await stream.next();
    const pending = stream.next();
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
    await expect(pipeline.adapters.remove('none')).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('errors from a worker', () => {
  test('keep their type, code and details', async () => {
    const attempt = pipeline.generate({ ...small, width: 7 });
    const expected = await direct.generate({ ...small, width: 7 }).catch((error: unknown) => error);
    await expect(attempt).rejects.toEqual(expected);
    await expect(attempt).rejects.toMatchObject({ name: 'AnimateDiffError', code: 'invalid-options' });
  });

  test('name the option that cannot be sent', async () => {
    const prompt = (() => 'spring') as unknown as string;
    const attempt = pipeline.endless({ prompt }).next();
    await expect(attempt).rejects.toMatchObject({
      code: 'invalid-options',
      details: { option: 'options.prompt' },
    });
  });

  test('say that samplers go by name', async () => {
    const scheduler = euler() as unknown as string;
    await expect(pipeline.generate({ ...small, scheduler })).rejects.toThrow(/give its name/);
  });
});
