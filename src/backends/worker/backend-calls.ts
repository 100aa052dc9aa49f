import type { IterableCalls, IterableId } from '../../core/port/port-iterables.js';
import type { Tensor } from '../../core/tensor.js';
import type {
  BackendCapabilities,
  ExternalTensor,
  ExternalWeights,
  ModelArtifact,
  TensorForm,
} from '../backend.js';

/** What a worker that serves a backend says it serves. */
export const backendService = 'backend';

/** A blob of weights without its bytes. */
export interface BlobHandle extends Omit<ExternalWeights, 'tensors'> {
  readonly tensors: readonly Omit<ExternalTensor, 'read'>[];
}

/** A network without its weights' bytes. */
export interface ArtifactHandle extends Omit<ModelArtifact, 'weights'> {
  readonly weights: readonly BlobHandle[];
}

/** Names a session; chosen by the page. */
export interface SessionId {
  readonly session: number;
}

/** Names a tensor that the worker's backend holds; chosen by the page. */
export interface HeldId {
  readonly held: number;
}

/** What the page asks of the worker. */
export interface BackendCalls {
  capabilities: { request: undefined; answer: BackendCapabilities };
  /** Events are load progress. */
  create: { request: SessionId & { readonly artifact: ArtifactHandle }; answer: undefined };
  run: {
    request: SessionId & {
      readonly feeds: Readonly<Record<string, Tensor | HeldId>>;
      readonly into: Readonly<Record<string, HeldId>>;
    };
    answer: Readonly<Record<string, Tensor>>;
  };
  release: { request: SessionId; answer: undefined };
  hold: { request: HeldId & { readonly content: Tensor | TensorForm }; answer: undefined };
  drop: { request: HeldId; answer: undefined };
  dispose: { request: undefined; answer: undefined };
}

/** What the worker asks of the page: the bytes of weights, as iterables of pieces. */
export interface WeightCalls extends IterableCalls {
  weight: {
    request: SessionId & IterableId & { readonly blob: number; readonly tensor: number };
    answer: undefined;
  };
}
