import type { ModelArtifact, Tensor } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { gradientName } from '../../src/training/gradient-outputs.js';
import { buildTrainingUnet } from '../../src/training/training-unet.js';
import { evaluateGraph, type Tensor64 } from '../support/evaluate-graph.js';
import { emitSmallUnet, smallUnet } from './small-unet.js';
import { exampleFeeds, normal, runOnce, sizesOf } from './tiny-training.js';

// Graphs of ten thousand nodes take seconds to load.
vi.setConfig({ testTimeout: 300_000 });

const backend = ortNode();
afterAll(() => backend.dispose());

const { request, weights } = smallUnet();
const size = { batch: 2, frames: 2, height: 3, width: 4 };
const feeds = exampleFeeds({ unet: request }, size);

/** Weights of every kind of layer, of the motion modules and of the image model. */
const trained = [
  'conv_in.weight',
  'time_embedding.linear_1.weight',
  'down_blocks.0.resnets.0.norm1.weight',
  'down_blocks.0.resnets.0.conv1.weight',
  'down_blocks.0.resnets.0.time_emb_proj.bias',
  'down_blocks.0.attentions.0.norm.bias',
  'down_blocks.0.attentions.0.proj_in.weight',
  'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight',
  'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight',
  'down_blocks.0.motion_modules.0.norm.weight',
  'down_blocks.0.motion_modules.0.proj_in.bias',
  'down_blocks.0.motion_modules.0.transformer_blocks.0.norm1.weight',
  'down_blocks.0.motion_modules.0.transformer_blocks.0.attn1.to_q.weight',
  'down_blocks.0.motion_modules.0.transformer_blocks.0.pos_embed.pe',
  'down_blocks.0.downsamplers.0.conv.weight',
  'mid_block.motion_modules.0.transformer_blocks.0.attn2.to_v.weight',
  'mid_block.motion_modules.0.transformer_blocks.0.ff.net.0.proj.weight',
  'up_blocks.0.resnets.1.conv_shortcut.weight',
  'up_blocks.0.upsamplers.0.conv.bias',
  'up_blocks.1.motion_modules.1.transformer_blocks.0.ff.net.2.weight',
  'up_blocks.1.motion_modules.1.proj_out.weight',
  'conv_norm_out.weight',
  'conv_out.weight',
];

function training(recompute = false, sizes = sizesOf(size)): Promise<ModelArtifact> {
  return buildTrainingUnet({ ...request, fed: new Set(trained), trained, recompute, sizes });
}

async function run(artifact: ModelArtifact): Promise<Record<string, Tensor>> {
  const session = await backend.createSession(artifact);
  const fed = trained.map((name): [string, Tensor] => {
    const shape = artifact.inputs.find((input) => input.name === name)!.shape as number[];
    return [name, { type: 'float32', shape, data: weights.get(name)!.data }];
  });
  const outputs = await runOnce(session, { ...feeds, ...Object.fromEntries(fed) });
  await session.dispose();
  return outputs;
}

/** The loss by weights, evaluated in double precision without the library's gradients. */
function lossInDouble(): (changed: ReadonlyMap<string, Float64Array>) => number {
  const { g, noise } = emitSmallUnet(request, () => undefined, sizesOf(size));
  const wide = (data: Iterable<number>): Float64Array => Float64Array.from(data);
  const known = new Map<string, Tensor64>();
  for (const [name, { data }] of weights) known.set(name, { shape: g.weightShape(name)!, data: wide(data) });
  for (const [name, { shape, data }] of Object.entries(feeds)) {
    known.set(name, { shape, data: wide(data as Float32Array) });
  }
  const target = feeds['target']!.data as Float32Array;
  const amounts = feeds['loss_weight']!.data as Float32Array;
  return (changed) => {
    const values = new Map(known);
    for (const [name, data] of changed) values.set(name, { shape: known.get(name)!.shape, data });
    const { data } = evaluateGraph(g, values, [noise])[0]!;
    const each = data.length / amounts.length;
    const sum = data.reduce(
      (s, value, i) => s + amounts[Math.floor(i / each)]! * (value - target[i]!) ** 2,
      0,
    );
    return sum / data.length;
  };
}

describe('a training step of a UNet with motion modules', () => {
  test('agrees with central differences of the whole loss in double precision, weight by weight', async () => {
    const outputs = await run(await training());
    const lossAt = lossInDouble();
    const loss = lossAt(new Map());
    expect(Math.abs((outputs['loss']!.data as Float32Array)[0]! - loss) / loss).toBeLessThan(1e-5);
    for (const [index, name] of trained.entries()) {
      const gradient = outputs[gradientName(name)]!.data as Float32Array;
      const { data: weight } = weights.get(name)!;
      // Along the gradient, turned by a random direction of the same length, so that every element counts.
      const noise = normal([weight.length], 100 + index).data as Float32Array;
      const length = Math.hypot(...gradient) / Math.hypot(...noise);
      const direction = Float64Array.from(gradient, (value, i) => value + length * noise[i]!);
      const step = 1e-4 / Math.hypot(...direction);
      const moved = (by: number): number =>
        lossAt(new Map([[name, Float64Array.from(weight, (value, i) => value + by * direction[i]!)]]));
      const expected = (moved(step) - moved(-step)) / (2 * step);
      const found = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      expect(Math.abs(found - expected) / Math.abs(expected), name).toBeLessThan(1e-3);
    }
  });

  test('gives the same when blocks are computed again on the way back, and when sizes are free', async () => {
    const kept = await run(await training());
    for (const other of [await run(await training(true)), await run(await training(false, new Map()))]) {
      for (const name of ['loss', ...trained.map(gradientName)]) {
        const [a, b] = [kept[name]!.data as Float32Array, other[name]!.data as Float32Array];
        const difference = Math.hypot(...a.map((value, i) => value - b[i]!));
        expect(difference / Math.hypot(...a), name).toBeLessThan(1e-4);
      }
    }
  });

  test('refuses to train what is not there', async () => {
    await expect(buildTrainingUnet({ ...request, trained: ['conv_in.weigth'] })).rejects.toThrow(
      /nothing to train under the name 'conv_in\.weigth'/,
    );
  });
});
