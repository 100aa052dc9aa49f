import type { Frame } from '../../media/frame.js';
import type { PipelineEvent } from '../events.js';

/** A generation's events as the worker sent them; the last one gets the frames that came before it. */
export async function* receivedEvents(
  sent: AsyncIterable<unknown>,
): AsyncGenerator<PipelineEvent, void, undefined> {
  let frames: Frame[] = [];
  for await (const each of sent) {
    const event = each as PipelineEvent;
    // Those of an endless animation belong to whoever takes them: they must not pile up here.
    if (event.type === 'frame-decoded' && Number.isFinite(event.frames)) frames.push(event.image);
    if (event.type === 'generation-end') {
      yield { ...event, animation: { ...event.animation, frames } };
      frames = [];
    } else yield event;
  }
}
