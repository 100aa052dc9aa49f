import type { PlainError } from '../../core/port/plain-error.js';
import type { Tensor } from '../../core/tensor.js';
import type { TensorForm } from '../backend.js';
import type { WeightFile } from '../weights/memory-weights.js';

/** Settings of the runtime for a session. */
export interface RuntimeSettings {
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  /** Threads that compute one operator on the CPU. */
  readonly threads: number;
  /** Whether weights in files are packed when a network is loaded. */
  readonly prepack: boolean;
  /** Whether the memory of later runs is laid out as a whole. */
  readonly plansMemory: boolean;
}

/** Asks a host to load a network. */
export interface CreateRequest {
  /** Chosen by the asker, unique in this host. */
  readonly session: number;
  readonly label: string;
  readonly settings: RuntimeSettings;
  readonly graph: Uint8Array;
  /** Folder that holds the weights' files, if they are files. */
  readonly folder: string | undefined;
  /** Weights in memory, if they are not files; those staged before are added. */
  readonly files: readonly WeightFile[];
}

/** A piece of a weight file, sent ahead of the {@link CreateRequest} of its session. */
export interface StageRequest {
  readonly session: number;
  readonly location: string;
  /** Size of the whole file. */
  readonly byteLength: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Names a tensor that the host keeps between runs; chosen by the asker, unique in its hosts. */
export interface HeldId {
  readonly held: number;
}

/** Asks a host to run a network. */
export interface RunRequest {
  readonly session: number;
  readonly feeds: Readonly<Record<string, Tensor | HeldId>>;
  /** Outputs that the host keeps, under these numbers. */
  readonly into: Readonly<Record<string, HeldId & { readonly form: TensorForm }>>;
}

/** What the runtime says of itself. */
export interface RuntimeDescription {
  /** Version of ONNX Runtime. */
  readonly version: string;
  /** Execution providers of this build; one that is not bundled needs files of its own. */
  readonly providers: readonly { readonly name: string; readonly bundled: boolean }[];
}

/** Everything that can be asked of a host: the request and the answer of each call. */
export interface HostCalls {
  stage: { request: StageRequest; answer: undefined };
  create: { request: CreateRequest; answer: undefined };
  run: { request: RunRequest; answer: Readonly<Record<string, Tensor>> };
  release: { request: { readonly session: number }; answer: undefined };
  /** Keeps a tensor, in place of what was kept under that number. */
  hold: { request: HeldId & { readonly tensor: Tensor }; answer: undefined };
  drop: { request: HeldId; answer: undefined };
  describe: { request: undefined; answer: RuntimeDescription };
}

/** Name of a call. */
export type HostCall = keyof HostCalls;

/** What serves calls: the runtime itself, whichever thread it lives in. */
export type RuntimeService = {
  [K in HostCall]: (request: HostCalls[K]['request']) => Promise<HostCalls[K]['answer']>;
};

/** A call on its way to a host; `end` asks the host to go when it is idle. */
export type HostMessage =
  | { readonly kind: 'call'; readonly id: number; readonly call: HostCall; readonly request: unknown }
  | { readonly kind: 'end' };

/** An answer on its way back. */
export type HostReply =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainError };
