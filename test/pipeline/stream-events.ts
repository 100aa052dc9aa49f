import type {
  Animation,
  Backend,
  GenerateOptions,
  PipelineEvent,
  PipelineEventOf,
  Session,
  Tensor,
} from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';

/** All events of a generation. */
export async function eventsOf(stream: AsyncIterable<PipelineEvent>): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** The events of one type. */
export function ofType<T extends PipelineEvent['type']>(
  events: readonly PipelineEvent[],
  type: T,
): PipelineEventOf<T>[] {
  return events.filter((event): event is PipelineEventOf<T> => event.type === type);
}

/** What a generation's last event carries. */
export function animationOf(events: readonly PipelineEvent[]): Animation {
  return ofType(events, 'generation-end')[0]!.animation;
}

/** The generation of these tests: few small frames, two steps. */
export const small = {
  prompt: 'a red circle on a black background',
  numFrames: 3,
  width: 32,
  height: 32,
  numInferenceSteps: 2,
  seed: 7,
} satisfies GenerateOptions;

/** The CPU, with what the UNet is fed; nothing is held, so that all of it is seen. */
export function recordingBackend(): {
  readonly backend: Backend;
  readonly feeds: Readonly<Record<string, Tensor>>[];
} {
  const cpu = ortNode();
  const feeds: Readonly<Record<string, Tensor>>[] = [];
  const recorded = (session: Session): Session => ({
    run(given, options) {
      const copies = Object.entries(given as Readonly<Record<string, Tensor>>).map(([name, tensor]) => [
        name,
        { ...tensor, data: tensor.data.slice() },
      ]);
      feeds.push(Object.fromEntries(copies) as Record<string, Tensor>);
      return session.run(given, options);
    },
    dispose: () => session.dispose(),
  });
  const backend: Backend = {
    ...cpu,
    capabilities: async () => ({ ...(await cpu.capabilities()), deviceTensors: false }),
    async createSession(artifact, options) {
      const session = await cpu.createSession(artifact, options);
      return artifact.label === 'unet' ? recorded(session) : session;
    },
  };
  return { backend, feeds };
}
