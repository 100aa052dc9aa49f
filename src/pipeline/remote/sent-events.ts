import type { Warning } from '../../core/warnings.js';
import type { PipelineEvent } from '../events.js';

/**
 * A generation's events as they are sent to the page. The last one goes without its frames: the page has them from the
 * events before it.
 *
 * @param own Warnings of this generation's sampler, told after the start and in the result.
 * @param earlier Those of the pipeline's sampler, told in the result.
 */
export async function* sentEvents(
  events: AsyncIterable<PipelineEvent>,
  own: readonly Warning[],
  earlier: readonly Warning[],
): AsyncGenerator<PipelineEvent, void, undefined> {
  for await (const event of events) {
    if (event.type === 'generation-end') {
      const { animation } = event;
      const warnings = [...animation.warnings, ...earlier, ...own];
      yield { ...event, animation: { ...animation, frames: [], warnings } };
    } else yield event;
    if (event.type === 'generation-start') for (const warning of own) yield { type: 'warning', warning };
  }
}
