import type { Animation } from 'animatediff-js';
import type { Engine } from './engine.js';
import type { ModelChoice } from './model-choice.js';
import type { Player } from './player.js';
import type { ProgressView } from './progress-view.js';
import type { Settings } from './settings.js';
import type { WarningsView } from './warnings-view.js';
import { durationText } from './words.js';

/** What a generation needs of the page. */
export interface RunParts {
  readonly engine: Engine;
  readonly player: Player;
  readonly progress: ProgressView;
  readonly settings: Settings;
  readonly warnings: WarningsView;
}

/** Makes one animation and shows how it comes about. @throws what the library throws, and the signal's reason. */
export async function runGeneration(
  { engine, player, progress, settings, warnings }: RunParts,
  choice: ModelChoice,
  signal: AbortSignal,
): Promise<Animation> {
  const started = performance.now();
  const request = settings.request();
  const { fps } = request;
  warnings.clear();
  progress.begin('Getting ready');
  const pipeline = await engine.pipeline({
    choice,
    device: settings.device(),
    signal,
    onProgress: (loading) => progress.loading(loading),
  });
  for (const warning of pipeline.info.warnings) warnings.add(warning);
  progress.begin('Generating');
  let result: Animation | undefined;
  for await (const event of pipeline.stream({ ...request, preview: 'linear', signal })) {
    switch (event.type) {
      case 'generation-start':
        player.begin({ frames: event.numFrames, width: event.width, height: event.height, fps });
        break;
      case 'warning':
        warnings.add(event.warning);
        break;
      case 'load-progress':
        progress.loading(event.progress);
        break;
      case 'step-end':
        progress.step(event);
        if (event.preview !== undefined) player.preview(event.preview);
        break;
      case 'frame-decoded':
        player.decoded(event.frame, event.image);
        progress.decoding(event.frame + 1, event.frames);
        break;
      case 'generation-end':
        result = event.animation;
        break;
    }
  }
  if (result === undefined) throw new Error('the generation ended without an animation');
  const { frames, seed } = result;
  const count = frames.length === 1 ? '1 frame' : `${frames.length} frames`;
  player.finish(`Animation of ${count}: ${request.prompt || 'without a prompt'}`);
  progress.rest(`${count} in ${durationText((performance.now() - started) / 1000)} · seed ${seed}`);
  return result;
}
