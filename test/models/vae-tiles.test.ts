import type { ModelArtifact, Session, Tensor } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { torchRandom } from '../../src/core/torch-random.js';
import { normRows } from '../../src/models/vae-config.js';
import { buildVaeDecoder } from '../../src/models/vae-decoder.js';
import { buildVaeEncoder } from '../../src/models/vae-encoder.js';
import type { OpenedModel } from '../../src/pipeline/opened-model.js';
import { openTiny } from './tiny-networks.js';

const backend = ortNode({ isolation: 'none' });
let model: OpenedModel;
beforeAll(async () => {
  model = await openTiny();
});
afterAll(() => model.close());

const floats = (data: Float32Array, shape: readonly number[]): Tensor => ({ type: 'float32', shape, data });

type Half = readonly [input: string, output: string, shape: readonly number[], build: typeof buildVaeDecoder];

describe.each<Half>([
  ['latents', 'image', [1, 4, 6, 5], buildVaeDecoder],
  ['image', 'mean', [1, 3, 48, 40], buildVaeEncoder],
])('the network from %s to %s', (input, output, shape, build) => {
  const image = (seed: number): Tensor =>
    floats(torchRandom(seed).normal(shape.reduce((a, b) => a * b, 1)), shape);

  async function running<T>(tiles: boolean, work: (session: Session) => Promise<T>): Promise<T> {
    const artifact: ModelArtifact = await build({ ...model.vae, dialect: new Set(), tiles });
    const session = await backend.createSession(artifact);
    try {
      return await work(session);
    } finally {
      await session.dispose();
    }
  }

  const plain = (seed: number): Promise<Float32Array> =>
    running(
      false,
      async (session) => (await session.run({ [input]: image(seed) }))[output]!.data as Float32Array,
    );

  test('for tiles is the plain one with its own statistics, asked for or given', async () => {
    const expected = await plain(1);
    const rows = normRows(model.vae.config);
    const zeros = (): Tensor => floats(new Float32Array(rows * 32), [rows, 32, 1]);
    const share = (value: number): Tensor => floats(Float32Array.of(value), [1]);
    await running(true, async (session) => {
      const own = await session.run({
        [input]: image(1),
        means: zeros(),
        variances: zeros(),
        share: share(0),
      });
      expect(own[output]!.data).toBeRelativelyCloseTo(expected, 1e-4);
      const { own_means: means, own_variances: variances } = own;
      expect(means!.shape[0]).toBeLessThanOrEqual(rows);
      const given = await session.run({
        [input]: image(1),
        means: means!,
        variances: variances!,
        share: share(1),
      });
      expect(given[output]!.data).toBeRelativelyCloseTo(expected, 1e-4);
    });
  });
});
