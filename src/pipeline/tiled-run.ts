import type { Session } from '../backends/backend.js';
import { asFloat32, type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { finer, type TileGrid, tileCount } from './tile-grid.js';
import { type TileCanvas, tileCanvas, tilesOf } from './tile-pixels.js';
import { mixedStatistics, type TileStatistics } from './tile-statistics.js';

/** How an image is cut, in latent pixels. */
export interface TilePlan {
  /** Tiles that share as little as can be, for the statistics. */
  readonly measured: TileGrid;
  /** Tiles that overlap, for the result. */
  readonly blended: TileGrid;
}

/** Runs of the network that one image takes. */
export function runCount({ measured, blended }: TilePlan): number {
  return tileCount(measured) + tileCount(blended);
}

/** What to run tile by tile. */
export interface TiledRun {
  /** A network that was written for tiles. */
  readonly session: Session;
  /** Name of the input. */
  readonly input: string;
  /** Names of the images that come out. */
  readonly outputs: readonly string[];
  /** What to run on: `[1, channels, height, width]`. */
  readonly image: Float32Tensor;
  readonly plan: TilePlan;
  /** Pixels of the input and of the outputs that a latent pixel stands for, in each direction. */
  readonly scale: { readonly input: number; readonly output: number };
  /** Stands in for statistics before there are any. */
  readonly unknown: TileStatistics;
  readonly signal: AbortSignal | undefined;
  /** Called after each run. */
  readonly onRun: () => void;
}

/**
 * Runs a network over an image tile by tile, so that its memory is that of one tile, and mixes what tiles share (as
 * diffusers' `AutoencoderKL.tiled_decode`). Group norms would give each tile a contrast and colours of its own, which
 * shows as seams. So tiles run twice: first to measure, then all normalised by the statistics of them all.
 */
export async function tiledRun(request: TiledRun): Promise<readonly Float32Tensor[]> {
  const { image, outputs, plan, scale } = request;
  const measured: TileStatistics[] = [];
  for (const tile of tilesOf(image, finer(plan.measured, scale.input))) {
    const output = await runTile(request, tile, undefined);
    measured.push({
      means: asFloat32(output['own_means'], 'own_means'),
      variances: asFloat32(output['own_variances'], 'own_variances'),
    });
  }
  const statistics = mixedStatistics(measured);
  const canvases = new Map<string, TileCanvas>();
  for (const tile of tilesOf(image, finer(plan.blended, scale.input))) {
    const output = await runTile(request, tile, statistics);
    for (const name of outputs) {
      const part = asFloat32(output[name], name);
      const canvas = canvases.get(name) ?? tileCanvas(finer(plan.blended, scale.output), part.shape[1] ?? 0);
      canvas.add(part);
      canvases.set(name, canvas);
    }
  }
  return [...canvases.values()].map((canvas) => canvas.image);
}

/** Normalised by the statistics that are given, or by the tile's own. */
async function runTile(
  { session, input, unknown, signal, onRun }: TiledRun,
  tile: Float32Tensor,
  statistics: TileStatistics | undefined,
): ReturnType<Session['run']> {
  signal?.throwIfAborted();
  const { means, variances } = statistics ?? unknown;
  const feeds = {
    [input]: tile,
    // A session may take the arrays it is given.
    means: float32Tensor(means.data.slice(), means.shape),
    variances: float32Tensor(variances.data.slice(), variances.shape),
    share: float32Tensor(Float32Array.of(statistics ? 1 : 0), [1]),
  };
  const output = await session.run(feeds, { signal });
  onRun();
  return output;
}
