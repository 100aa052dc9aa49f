import { AnimateDiffPipeline, type Backend } from 'animatediff-js';
import { fileSource } from 'animatediff-js/node';
import { memoryUse } from './memory.js';
import type { RandomModel } from './random-model.js';
import type { GenerationResult } from './result.js';

/** What the part about a whole generation is told. */
export interface GenerationOptions {
  /** `[frames, pixels]`. */
  readonly size: readonly [number, number];
  readonly steps: number;
  note(text: string): void;
}

/** Time spent in networks, by their label. */
interface NetworkSeconds {
  readonly loading: Map<string, number>;
  readonly running: Map<string, number>;
}

/**
 * A whole generation from prompt to pictures, by where its time goes. What is neither in a network nor loading one is the
 * library's own: prompts, sampling, guidance, events, pictures.
 */
export async function benchGeneration(
  model: RandomModel,
  backend: Backend,
  { size: [frames, pixels], steps, note }: GenerationOptions,
): Promise<GenerationResult> {
  const { watched, spent } = timed(backend);
  const { resident: before } = memoryUse();
  const pipeline = await AnimateDiffPipeline.load({
    backend: watched,
    checkpoint: fileSource(model.checkpoint),
    motionModule: fileSource(model.motionModule),
  });
  // What loading the pipeline took is no part of it.
  spent.loading.clear();
  const { peakBytes: planned } = await pipeline.plan({ numFrames: frames, width: pixels });
  const start = performance.now();
  const stream = pipeline.stream({
    prompt: 'a corgi on a beach',
    negativePrompt: 'blurry, watermark',
    numFrames: frames,
    width: pixels,
    height: pixels,
    numInferenceSteps: steps,
    seed: 1,
  });
  for await (const event of stream) {
    if (event.type === 'step-end') note(`generation: step ${event.step + 1} of ${steps}`);
  }
  const seconds = (performance.now() - start) / 1000;
  const loading = Object.fromEntries(spent.loading);
  const running = Object.fromEntries(spent.running);
  await pipeline.dispose();
  const sum = (values: Record<string, number>): number => Object.values(values).reduce((a, b) => a + b, 0);
  const outside = seconds - sum(loading) - sum(running);
  const measured = memoryUse().peak - before;
  return {
    ...{ frames, pixels, steps, seconds, loading, running, outside, outsideShare: outside / seconds },
    memory: { planned, measured, measuredOverPlanned: measured / planned },
  };
}

/** The backend, with the time of each call written down. */
function timed(backend: Backend): { readonly watched: Backend; readonly spent: NetworkSeconds } {
  const spent: NetworkSeconds = { loading: new Map(), running: new Map() };
  const during = async <T>(map: Map<string, number>, label: string, work: () => Promise<T>): Promise<T> => {
    const before = performance.now();
    const value = await work();
    map.set(label, (map.get(label) ?? 0) + (performance.now() - before) / 1000);
    return value;
  };
  const watched: Backend = {
    ...backend,
    async createSession(artifact, options) {
      const { label } = artifact;
      const session = await during(spent.loading, label, () => backend.createSession(artifact, options));
      return {
        run: (feeds, each) => during(spent.running, label, () => session.run(feeds, each)),
        dispose: () => session.dispose(),
      };
    },
  };
  return { watched, spent };
}
