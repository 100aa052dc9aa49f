import type { LoadProgress } from '../core/progress.js';
import type { Tensor, TensorType } from '../core/tensor.js';

/**
 * A fused operator outside the portable ONNX set that a backend may have a kernel for. `FusedConv` stands for all that
 * the CPU's kernels like: convolutions that make several rows at a time, products of rows in pieces, biases added afterwards,
 * blocks of integers. `MatMulNBits` is for weights of 4 and of 8 bits, in blocks of 32.
 */
export type FusedOperator =
  | 'MultiHeadAttention'
  | 'QuickGelu'
  | 'Gelu'
  | 'BiasSplitGelu'
  | 'BiasGelu'
  | 'FusedConv'
  | 'MatMulNBits'
  | 'DynamicQuantizeMatMul';

/** Name, element type and dimensions of a graph's input or output; a string is a dimension free at run time. */
export interface TensorSpec {
  readonly name: string;
  readonly type: TensorType;
  /** Sizes, outermost first. */
  readonly shape: readonly (number | string)[];
}

/** One weight inside an {@link ExternalWeights} blob. */
export interface ExternalTensor {
  readonly name: string;
  /** Position in the blob, a multiple of 64 bytes. */
  readonly offset: number;
  /** Size in bytes. */
  readonly byteLength: number;
  /** Of how many equal initializers it is the bytes; default 1. */
  readonly pieces?: number | undefined;
  /** The bytes as the graph wants them. Called at most once a session, in any order. */
  read(signal?: AbortSignal): Promise<Uint8Array>;
}

/** A blob of weights that a graph's initializers point into. Gaps between tensors are zero. */
export interface ExternalWeights {
  /** The `location` that the graph's initializers name; a plain file name. */
  readonly location: string;
  /** Whole size, below 2 GiB. */
  readonly byteLength: number;
  /** What the blob holds, by rising offset. */
  readonly tensors: readonly ExternalTensor[];
  /** Identifies the content before it is read, so that a backend may keep it on disk; `undefined`: do not keep it. */
  readonly identity: string | undefined;
}

/** A network ready to run somewhere: structure as bytes, weights as promises of bytes. */
export interface ModelArtifact {
  /** For errors and progress, such as `unet`. */
  readonly label: string;
  /** Serialised ONNX ModelProto; every weight is external data in one of {@link ModelArtifact.weights}. */
  readonly graph: Uint8Array;
  /** The blobs that the graph's initializers point into. */
  readonly weights: readonly ExternalWeights[];
  /** What a run is fed; every one is needed. */
  readonly inputs: readonly TensorSpec[];
  /** What a run gives. */
  readonly outputs: readonly TensorSpec[];
  /**
   * Whether weights have to be laid out for the device's kernels when the network is loaded, whatever the backend does
   * otherwise. Default: it decides.
   */
  readonly prepack?: boolean | undefined;
  /**
   * Whether the runtime may lay out the memory of later runs as a whole, as it was seen to be used in the first, beside what
   * that one took. Default true, as the runtime does of itself.
   */
  readonly plansMemory?: boolean | undefined;
}

/** What a backend offers; asked once before graphs are written for it. */
export interface BackendCapabilities {
  /** The device in words, such as `cpu` or `webgpu`. */
  readonly device: string;
  /** Fused operators that graphs may use here. */
  readonly dialect: ReadonlySet<FusedOperator>;
  /** Whether float16 graphs run natively. */
  readonly float16: boolean;
  /** Largest single tensor in bytes. */
  readonly maxBufferBytes: number;
  /** Largest sum of one model's weights in bytes. */
  readonly maxModelBytes: number;
  /** When an abort takes effect: between two runs, or by killing a run. */
  readonly abort: 'between-runs' | 'during-run';
  /** Whether tensors may stay where networks run: whether {@link Backend.hold} works. */
  readonly deviceTensors: boolean;
  /** Found by the start-up self-test: what works wrongly here and what was done about it. Empty when all is well. */
  readonly notes: readonly string[];
}

/** Options of {@link Backend.createSession}. */
export interface CreateSessionOptions {
  /** Cancels the creation, which rejects with the signal's reason and leaves nothing behind. */
  signal?: AbortSignal | undefined;
  /** Told of bytes moved and of the session being created. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** Type and dimensions of a tensor without its elements. */
export type TensorForm = Pick<Tensor, 'type' | 'shape'>;

/**
 * A tensor that lies where its backend's networks run: sent there once and fed to many runs, or put there by one network for
 * another. Any session of the backend takes it, also one that is created later. Made by {@link Backend.hold}.
 */
export interface HeldTensor extends TensorForm {
  /**
   * Gives its memory back, when a run under way that uses it has ended. A run whose turn comes afterwards rejects with
   * `disposed`. Idempotent.
   */
  dispose(): void;
}

/** What an input is fed. */
export type Feed = Tensor | HeldTensor;

/** Options of {@link Session.run}. */
export interface RunOptions {
  /** Rejects with its reason at once; work under way ends in the background or is killed. */
  signal?: AbortSignal | undefined;
  /**
   * Outputs, by name, that are put into held tensors of their type and shape, in place of what those held, instead of being
   * given back. Not one that is fed to the same run.
   */
  into?: Readonly<Record<string, HeldTensor>> | undefined;
}

/** A loaded network. One run at a time; further calls wait. */
export interface Session {
  /**
   * Runs the network once. Plain feeds may be transferred: do not use their buffers afterwards.
   * @returns the outputs by name, but for those that `into` names.
   * @throws `backend`, `out-of-memory`; `disposed`, also for a held tensor; `invalid-options` for a held tensor of another
   * backend, or one that nothing was put into.
   */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees the network's memory. Waits for a run under way. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * Turns an ONNX graph plus weights into something that runs. Knows nothing of diffusion. A plugin is a factory that
 * returns an object literal of this shape and passes `backendConformance` of `animatediff-js/testing`.
 */
export interface Backend {
  readonly contract: 'backend/1';
  readonly name: string;
  /**
   * What this backend offers.
   * @throws `backend` when the device or its library is missing, with a sentence that says what to install.
   */
  capabilities(): Promise<BackendCapabilities>;
  /**
   * Loads a network.
   * @throws `backend`, `out-of-memory`, `disposed`, or whatever a weight's `read` throws. Leaves nothing half-made.
   */
  createSession(artifact: ModelArtifact, options?: CreateSessionOptions): Promise<Session>;
  /**
   * Keeps a tensor where the networks run. It is sent with the first run that uses it, so that is when lack of memory shows.
   * Absent, or of no use, where `capabilities().deviceTensors` is false: feed plain tensors there.
   * @param content A tensor, whose buffer belongs to the backend from now on, or the form of an output that a run will put there.
   * @throws `disposed`.
   */
  hold?(content: Tensor | TensorForm): HeldTensor;
  /** Ends sessions and threads, and gives up held tensors. Idempotent. */
  dispose(): Promise<void>;
}
