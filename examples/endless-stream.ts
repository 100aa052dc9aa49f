/**
 * A film without end in the terminal, each frame shown as soon as it is there, until Ctrl-C.
 *
 * `npx tsx examples/endless-stream.ts CHECKPOINT MOTION_MODULE "a prompt"`; without arguments it uses the small model of
 * this repository.
 */
import { AnimateDiffPipeline, type EndlessOptions, type Frame, type PipelineEvent } from 'animatediff-js';
import { fileSource, ortNode } from 'animatediff-js/node';

/** A picture as text of two pixels a character, the upper one in the foreground's colour. */
export function halfBlocks({ width, height, data }: Frame, mostColumns: number): string {
  const columns = Math.min(width, mostColumns);
  const scale = width / columns;
  const colour = (x: number, y: number): string => {
    const at =
      4 * (Math.min(Math.floor((y + 0.5) * scale), height - 1) * width + Math.floor((x + 0.5) * scale));
    return data.subarray(at, at + 3).join(';');
  };
  const lines: string[] = [];
  for (let y = 0; y < Math.floor(height / scale); y += 2) {
    const line = Array.from(
      { length: columns },
      (_, x) => `\x1b[38;2;${colour(x, y)};48;2;${colour(x, y + 1)}m▀`,
    );
    lines.push(`${line.join('')}\x1b[0m\n`);
  }
  return lines.join('');
}

/** Events of a film that goes on until the loop over them is left. */
export async function* endlessStream(
  files: { checkpoint: string; motionModule: string },
  options: EndlessOptions,
): AsyncGenerator<PipelineEvent, void, undefined> {
  await using pipeline = await AnimateDiffPipeline.load({
    backend: ortNode(),
    checkpoint: fileSource(files.checkpoint),
    motionModule: fileSource(files.motionModule),
    signal: options.signal,
  });
  yield* pipeline.endless(options);
}

if (process.argv[1] === import.meta.filename) {
  const [
    checkpoint = 'models/embedded/model',
    motionModule = 'models/embedded/motion/motion-module.safetensors',
    prompt = 'a red circle on a black background, moving right',
  ] = process.argv.slice(2);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const { columns = 80 } = process.stdout;
  // No cursor while pictures are drawn, each over the one before.
  process.stdout.write('\x1b[?25l');
  try {
    const options = { prompt, guidanceScale: 3, seed: 6, signal: stop.signal };
    for await (const event of endlessStream({ checkpoint, motionModule }, options)) {
      if (event.type === 'step-end')
        console.error(`before the first frame: step ${event.step + 1} of ${event.steps}`);
      if (event.type !== 'frame-decoded') continue;
      const home = event.frame === 0 ? '\x1b[2J\x1b[H' : '\x1b[H';
      process.stdout.write(`${home}${halfBlocks(event.image, columns)}frame ${event.frame}, Ctrl-C ends\n`);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    process.stdout.write('\x1b[?25h');
  }
}
