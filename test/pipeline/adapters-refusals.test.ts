import {
  type Adapter,
  type AnimateDiffErrorCode,
  AnimateDiffPipeline,
  type ByteSource,
  domainAdapter,
  lora,
  motionLora,
} from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { file, module, scalar, values } from '../adapters/files.js';
import { fixture, loadTiny, tinyGeneration } from '../support/tiny-model.js';
import { watchedBackend } from '../support/watched-backend.js';
import { adapterFile, type Outputs, outputsOf } from './adapter-outputs.js';

const { backend, loaded } = watchedBackend();
let pipeline: AnimateDiffPipeline;
let before: Outputs;

beforeAll(async () => {
  const style = lora(adapterFile('kohya'), { name: 'style', scale: 0.7 });
  const pan = motionLora(adapterFile('motionA'), { name: 'pan', mode: 'live' });
  pipeline = await loadTiny({ backend, adapters: [style, pan] });
  before = await outputsOf(pipeline);
});
afterAll(async () => {
  await pipeline.dispose();
  await backend.dispose();
});

/** The change is refused, and everything is as it was. */
async function refused(change: Promise<unknown>, code: AnimateDiffErrorCode, message: RegExp): Promise<void> {
  await expect(change).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(pipeline.adapters.list().map(({ name, scale }) => [name, scale])).toEqual([
    ['style', 0.7],
    ['pan', 1],
  ]);
  expect(await outputsOf(pipeline)).toEqual(before);
}

describe('adapters refuse', () => {
  const { add, setScale, remove } = {
    add: (adapter: Adapter) => pipeline.adapters.add(adapter),
    setScale: (name: string, scale: unknown) => pipeline.adapters.setScale(name, scale as number),
    remove: (name: string) => pipeline.adapters.remove(name),
  };

  test('files of another kind, with the function that takes them', async () => {
    await refused(add(lora(adapterFile('motionB'))), 'weights-mismatch', /MotionLoRA: use motionLora\(\)/);
    await refused(add(motionLora(adapterFile('domain'))), 'weights-mismatch', /use domainAdapter\(\)/);
    const module = fileSource(fixture('tiny-sd15/motion/v2.ckpt'));
    await refused(add(lora(module)), 'weights-mismatch', /motion module.*Give it as 'motionModule'/);
  });

  test('files for other models', async () => {
    const wide = file(
      module({ '.lora_up.weight': values(1, 320, 4), '.lora_down.weight': values(2, 4, 320) }),
      'wide.safetensors',
    );
    await refused(
      add(lora(wide)),
      'weights-mismatch',
      /wide\.safetensors.*320 rows.*\[32, 32\].*another model/,
    );
  });

  test('values that are no numbers, in both modes', async () => {
    const tensors = module({ '.lora_up.weight': values(1, 32, 4), '.lora_down.weight': values(2, 4, 32) });
    const bad = file({ ...tensors, ...module({ '.alpha': scalar(Number.NaN) }) }, 'bad.safetensors');
    for (const mode of ['fused', 'live'] as const) {
      await refused(add(lora(bad, { mode })), 'numerics', /bad\.safetensors.*alpha/);
    }
  });

  test('names that are taken, and names that nobody has', async () => {
    const twin = lora(adapterFile('peft'), { name: 'style' });
    await refused(add(twin), 'invalid-options', /called 'style' already/);
    await refused(setScale('stlye', 1), 'invalid-options', /called 'stlye'; there are 'style', 'pan'/);
    await refused(remove('zoom'), 'invalid-options', /called 'zoom'/);
  });

  test('scales that are none', async () => {
    for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, { unett: 1 }, [1]]) {
      await refused(setScale('style', scale), 'invalid-options', /scale/);
      await refused(setScale('pan', scale), 'invalid-options', /scale/);
    }
    expect(() => lora(adapterFile('kohya'), { scale: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'invalid-options' }),
    );
  });

  test('schedules for fused adapters', () => {
    const schedule = [{ at: 0, factor: 1 }];
    expect(() => domainAdapter(adapterFile('domain'), { schedule })).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining("mode: 'live'") }),
    );
  });

  test('what is no adapter', async () => {
    const none = /lora\(fileSource\(…\)\)/;
    for (const thing of [
      undefined,
      null,
      'style.safetensors',
      adapterFile('kohya'),
      { kind: 'hypernetwork' },
    ]) {
      await refused(add(thing as unknown as Adapter), 'invalid-options', none);
    }
    const adapters = adapterFile('kohya') as unknown as Adapter[];
    await expect(loadTiny({ backend, adapters })).rejects.toMatchObject({
      message: expect.stringMatching(none),
    });
  });

  test('a MotionLoRA where there is no motion module', async () => {
    const checkpoint = fileSource(fixture('tiny-sd15/model'));
    const pan = motionLora(adapterFile('motionA'));
    await expect(AnimateDiffPipeline.load({ backend, checkpoint, adapters: [pan] })).rejects.toMatchObject({
      code: 'weights-mismatch',
      message: expect.stringMatching(
        /motion-lora-a\.ckpt: it changes a motion module, and the model has none/,
      ),
    });
  });

  test('changes while an animation is made', async () => {
    const stream = pipeline.stream(tinyGeneration);
    await stream.next();
    const busy = /makes another animation/;
    await expect(remove('style')).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(busy),
    });
    await expect(setScale('pan', 0)).rejects.toMatchObject({ code: 'busy' });
    await stream.return();
    await refused(add(lora(adapterFile('peft'), { name: 'pan' })), 'invalid-options', /'pan'/);
  });

  test('a change, and an animation, while another change is made', async () => {
    const first = add(lora(adapterFile('motionB')));
    const second = setScale('pan', 0);
    const third = pipeline.generate(tinyGeneration);
    await expect(second).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('adds an adapter'),
    });
    await expect(third).rejects.toMatchObject({ code: 'busy' });
    await refused(first, 'weights-mismatch', /MotionLoRA/);
  });

  test('changes when the pipeline is gone', async () => {
    const other = await loadTiny({
      backend,
      residency: 'one',
      adapters: [motionLora(adapterFile('motionA'))],
    });
    await other.dispose();
    const gone = expect.objectContaining({ code: 'disposed' });
    await expect(other.adapters.add(lora(adapterFile('kohya')))).rejects.toEqual(gone);
    await expect(other.adapters.setScale('motion-lora-a', 1)).rejects.toEqual(gone);
    await expect(other.adapters.remove('motion-lora-a')).rejects.toEqual(gone);
  });
});

describe('an abort leaves the adapters as they were:', () => {
  const reason = new Error('enough');
  const aborted = async (change: Promise<unknown>): Promise<void> => {
    await expect(change).rejects.toBe(reason);
    expect(pipeline.adapters.list().map(({ name, scale }) => [name, scale])).toEqual([
      ['style', 0.7],
      ['pan', 1],
    ]);
    expect(await outputsOf(pipeline)).toEqual(before);
  };
  const gone = AbortSignal.abort(reason);

  test.each(['fused', 'live'] as const)('before a %s adapter is added', (mode) =>
    aborted(pipeline.adapters.add(lora(adapterFile('peft'), { mode }), { signal: gone })),
  );
  test('before a scale changes, at once or by loading', async () => {
    await aborted(pipeline.adapters.setScale('pan', 0.1, { signal: gone }));
    await aborted(pipeline.adapters.setScale('style', 0.1, { signal: gone }));
  });
  test('before one is removed', () => aborted(pipeline.adapters.remove('style', { signal: gone })));

  test.each(['text_encoder', 'unet'])('while the %s is loaded for a change', async (component) => {
    const controller = new AbortController();
    const change = pipeline.adapters.setScale('style', 0.1, {
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.component === component) controller.abort(reason);
      },
    });
    await aborted(change);
    await expect(pipeline.generate(tinyGeneration)).resolves.toBeDefined();
  });

  test.each(['fused', 'live'] as const)('while the file of a %s adapter is read', async (mode) => {
    const controller = new AbortController();
    const source = adapterFile('peft');
    let reads = 0;
    const slow: ByteSource = {
      ...source,
      read(offset, length, options) {
        if (++reads === 20) controller.abort(reason);
        return source.read(offset, length, options);
      },
    };
    await aborted(pipeline.adapters.add(lora(slow, { mode }), { signal: controller.signal }));
  });
});

test('a load that fails at its second adapter leaves nothing', async () => {
  loaded.length = 0;
  const adapters = [lora(adapterFile('kohya')), lora(adapterFile('motionA'))];
  await expect(loadTiny({ backend, adapters })).rejects.toThrow(/use motionLora\(\)/);
  expect(loaded).toEqual([]);
});

test('layers and keys that match nothing are warned of, where the adapter is told of and in animations', async () => {
  const pair = { '.lora_up.weight': values(1, 32, 4), '.lora_down.weight': values(2, 4, 32) };
  const half = file(
    {
      ...module(pair),
      ...module(pair, 'lora_unet_down_blocks_0_attentions_7_proj_in'),
      'what.is.this': scalar(1),
    },
    'half.safetensors',
  );
  const expected = [
    expect.objectContaining({
      code: 'adapter-keys-unknown',
      message: expect.stringContaining("'what.is.this'"),
    }),
    expect.objectContaining({
      code: 'adapter-layers-unmatched',
      message: expect.stringMatching(/half\.safetensors: 1 of its layers .*attentions_7_proj_in/),
    }),
  ];
  await using other = await loadTiny({ backend, adapters: [lora(half)] });
  expect(other.adapters.list()[0]!.warnings).toEqual(expected);
  expect(other.info.warnings).toEqual(expect.arrayContaining(expected));
  const { warnings } = await other.generate({ ...tinyGeneration, numInferenceSteps: 1 });
  expect(warnings).toEqual(expect.arrayContaining(expected));
});

test.each(['fused', 'live'] as const)('files of %s adapters are closed after every change', async (mode) => {
  let open = 0;
  const watched = (name: 'kohya' | 'motionA'): ByteSource => {
    const source = adapterFile(name);
    let isOpen = false;
    return {
      ...source,
      read(offset, length, options) {
        if (!isOpen) open++;
        isOpen = true;
        return source.read(offset, length, options);
      },
      async close() {
        if (isOpen) open--;
        isOpen = false;
        await source.close();
      },
    };
  };
  await using other = await loadTiny({
    backend,
    adapters: [motionLora(watched('motionA'), { name: 'pan', mode })],
  });
  expect(open).toBe(0);
  await other.adapters.add(lora(watched('kohya'), { name: 'style', mode }));
  expect(open).toBe(0);
  await other.adapters.setScale('pan', 0.5);
  expect(open).toBe(0);
  await other.adapters.remove('pan');
  expect(open).toBe(0);
  await expect(other.adapters.setScale('style', { textEncoder: Number.NaN })).rejects.toThrow();
  await other.generate({ ...tinyGeneration, numInferenceSteps: 1 });
  expect(open).toBe(0);
});
