import type { Backend, BackendCapabilities, Feed, HeldTensor, Tensor, TensorForm } from 'animatediff-js';
import { ortNode } from 'animatediff-js/node';

/** A backend, what it holds, and what was sent to its UNet. */
export interface HoldingBackend {
  readonly backend: Backend;
  /** Tensors that were not disposed. */
  readonly held: ReadonlySet<HeldTensor>;
  /** Most of them at one time. */
  readonly most: number;
  /** For each run of a UNet, the bytes that were sent for it: plain feeds, and what was held since the last run. */
  readonly sent: readonly number[];
  /** For each run of a UNet, the inputs that were fed held tensors. */
  readonly fed: readonly (readonly string[])[];
  /** Set to make runs of a UNet fail. */
  failure: Error | undefined;
}

const bytesOf = (content: Tensor | TensorForm): number => ('data' in content ? content.data.byteLength : 0);

/** The CPU, watched. */
export function holdingBackend(claims: Partial<BackendCapabilities> = {}): HoldingBackend {
  const cpu = ortNode();
  const held = new Set<HeldTensor>();
  const sent: number[] = [];
  const fed: string[][] = [];
  let most = 0;
  let waiting = 0;
  const result: HoldingBackend = {
    held,
    sent,
    fed,
    get most() {
      return most;
    },
    failure: undefined,
    backend: {
      ...cpu,
      capabilities: async () => ({ ...(await cpu.capabilities()), ...claims }),
      hold(content) {
        waiting += bytesOf(content);
        const tensor = cpu.hold!(content);
        const { dispose } = tensor;
        held.add(tensor);
        most = Math.max(most, held.size);
        return Object.assign(tensor, {
          dispose: () => {
            held.delete(tensor);
            dispose();
          },
        });
      },
      async createSession(artifact, options) {
        const session = await cpu.createSession(artifact, options);
        if (!artifact.label.startsWith('unet')) return session;
        return {
          run: async (feeds, given) => {
            if (result.failure) throw result.failure;
            const plain = Object.values<Feed>(feeds).filter((feed) => 'data' in feed);
            sent.push(plain.reduce((sum, feed) => sum + bytesOf(feed), waiting));
            fed.push(Object.keys(feeds).filter((name) => !('data' in feeds[name]!)));
            waiting = 0;
            return session.run(feeds, given);
          },
          dispose: () => session.dispose(),
        };
      },
    },
  };
  return result;
}
