import { AnimateDiffError } from '../../core/errors.js';
import type { PortIterables } from '../../core/port/port-iterables.js';
import type { ExternalTensor, ModelArtifact } from '../backend.js';
import type { ArtifactHandle, WeightCalls } from './backend-calls.js';

/** A network whose weights the worker may ask for. */
export interface GivenArtifact {
  /** What reading one of them threw: the worker only gets an equal error. */
  readonly problem: unknown;
  /** The worker may ask no longer. */
  end(): void;
}

/** The page's side of weights that a worker reads. */
export interface GivenWeights {
  give(session: number, artifact: ModelArtifact): GivenArtifact;
  /** Answers the worker's call. @throws `invalid-options` for a weight that was not given. */
  open(request: WeightCalls['weight']['request']): Promise<undefined>;
}

/** Copied in one go: a few milliseconds, so that the page stays live. */
const pieceBytes = 4 * 2 ** 20;

/** Offers weights as iterables of pieces. */
export function givenWeights(iterables: PortIterables): GivenWeights {
  const given = new Map<number, { readonly artifact: ModelArtifact; problem: unknown }>();
  return {
    give(session, artifact) {
      const entry = { artifact, problem: undefined };
      given.set(session, entry);
      return {
        get problem() {
          return entry.problem;
        },
        end: () => given.delete(session),
      };
    },
    open: async ({ session, blob, tensor, ...id }) => {
      const entry = given.get(session);
      const found = entry?.artifact.weights[blob]?.tensors[tensor];
      if (entry === undefined || found === undefined) {
        throw new AnimateDiffError('invalid-options', 'weight: there is no such weight to read');
      }
      iterables.open(id, (signal) =>
        pieces(found, signal, (problem) => {
          entry.problem ??= problem;
        }),
      );
      return undefined;
    },
  };
}

async function* pieces(
  tensor: ExternalTensor,
  signal: AbortSignal,
  onProblem: (problem: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await tensor.read(signal);
  } catch (problem) {
    onProblem(problem);
    throw problem;
  }
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** A network without its weights' bytes. */
export function withoutBytes({
  label,
  graph,
  weights,
  inputs,
  outputs,
  prepack,
  plansMemory,
}: ModelArtifact): ArtifactHandle {
  return {
    ...{ label, graph, inputs, outputs, prepack, plansMemory },
    weights: weights.map(({ location, byteLength, identity, tensors }) => ({
      ...{ location, byteLength, identity },
      tensors: tensors.map(({ name, offset, byteLength: size, pieces: of }) => ({
        ...{ name, offset, byteLength: size, pieces: of },
      })),
    })),
  };
}
