import type { ExternalWeights, FusedOperator, ModelArtifact } from '../backends/backend.js';
import type { ReadOptions } from '../core/source.js';
import { formatDim } from '../onnx/dim.js';
import { type BuildOptions, GraphBuilder } from '../onnx/graph.js';
import { rowForms } from '../onnx/row-form.js';
import type { Value } from '../onnx/value.js';
import type { WeightBlob } from '../onnx/weight-layout.js';
import { type LiveWeights, matrixNames } from './live-weights.js';
import { makeNet, type Net } from './nn/net.js';
import type { Precision } from './precision.js';
import type { Quantization } from './quantization.js';
import { type QuantizedReader, quantizedReader } from './quantized-bytes.js';
import { quantizedPart } from './quantized-form.js';
import { rowKernelsName, withRowKernels } from './row-kernels.js';
import { type WeightReader, weightBytes } from './weight-bytes.js';
import { weightCollector } from './weight-collector.js';
import type { WeightSource } from './weight-source.js';

/** What every network's builder is given. */
export interface NetworkRequest {
  weights: WeightSource;
  /** Fused operators that the backend runs rightly. */
  dialect: ReadonlySet<FusedOperator>;
  /** Weights that are not the file's own, though of the same shape; none unless given. */
  replaced?: ReplacedWeights | undefined;
  /** Weights that the inputs of each run change; none unless given. */
  live?: LiveWeights | undefined;
  /**
   * Weights that each run is fed, by canonical name: inputs of those names and the shapes that the graph gives them. Only in
   * a dialect without fused operators. None unless given.
   */
  fed?: Pick<ReadonlySet<string>, 'has'> | undefined;
  /**
   * Sizes of inputs that are the same in every run, by name. The runtime takes long to load a large graph whose sizes are
   * free: about with the square of the number of its reshapes. Default: all are free.
   */
  sizes?: ReadonlyMap<string, number> | undefined;
  /** What the weights are stored as and computed with; default float32. */
  precision?: Precision | undefined;
  /** How the weights of linear layers are stored; default: as all others. */
  quantization?: Quantization | undefined;
  signal?: AbortSignal | undefined;
}

/** Weights in place of a file's own, such as those with a LoRA merged in. */
export interface ReplacedWeights {
  /** Canonical names. */
  readonly names: ReadonlySet<string>;
  /**
   * Weights, replaced or not, to which a product of two matrices is added: the inner size by canonical name. The runtime
   * multiplies when it loads the network.
   */
  readonly products: ReadonlyMap<string, number>;
  /** As `WeightSource.read`; also of the matrices, by the names of `matrixNames`. */
  read(name: string, options?: ReadOptions): Promise<Float32Array>;
  /** As `read`, of weights, with their products added: for those that are stored in a form that nothing is added to. */
  readWhole(name: string, options?: ReadOptions): Promise<Float32Array>;
}

/**
 * Writes a network's graph and joins it with the weights it asked for.
 * @throws `weights-mismatch` when weights are missing or misshapen.
 */
export async function buildArtifact(
  label: string,
  request: NetworkRequest,
  emit: (net: Net) => void,
): Promise<ModelArtifact> {
  const { weights, replaced, live, fed, precision, quantization, signal } = request;
  const g = new GraphBuilder(label, request.sizes);
  const collector = weightCollector(weights, label);
  const products = replaced?.products;
  emit(makeNet(g, request.dialect, collector, { live, fed, products, precision, quantization }));
  collector.check();
  const built = g.build(replaced && besideOthers(replaced));
  const identity = await weights.identity({ signal });
  const shape = (name: string): readonly number[] | undefined => weights.shape(name);
  return {
    label,
    graph: built.bytes,
    inputs: built.inputs.map(tensorSpec),
    outputs: built.outputs.map(tensorSpec),
    // Blocks are multiplied as integers only when they were laid out for that; otherwise they are widened at each run.
    prepack: quantization === 'int8' || quantization === 'int4' ? true : undefined,
    weights: [
      // What the blob holds follows from the source, and from which of its tensors lie where and as what.
      ...built.blobs.map((blob) =>
        externalWeights(
          blob,
          withRowKernels(weights),
          quantizedReader(weights, shape),
          identity &&
            `${identity}|${typesOf(blob)}|${blob.tensors.map((t) => `${t.name}@${t.offset}`).join()}`,
        ),
      ),
      // Not worth keeping: they change with every adapter and scale, and are made faster than a disk is filled.
      ...built.replacements.map((blob) =>
        externalWeights(
          blob,
          withRowKernels(replaced ?? weights),
          quantizedReader({ read: replaced?.readWhole ?? weights.read }, shape),
          undefined,
        ),
      ),
    ],
  };
}

/** Which weights get blobs of their own, and which matrices are in them only. */
function besideOthers({ names, products }: ReplacedWeights): BuildOptions {
  const inRows = (name: string): string[] =>
    Object.values(rowForms).map((form) => rowKernelsName(name, form));
  const plain = new Set([...names].flatMap((name) => [name, ...inRows(name)]));
  const has = (name: string): boolean => {
    const quantized = quantizedPart(name)?.name;
    return quantized === undefined ? plain.has(name) : names.has(quantized) || products.has(quantized);
  };
  const matrices = [...products.keys()].flatMap((name) => {
    const { up, down } = matrixNames(name);
    return [up, down];
  });
  return { replaced: { has }, added: new Set(matrices) };
}

function externalWeights(
  { location, byteLength, tensors }: WeightBlob,
  source: WeightReader,
  quantized: QuantizedReader,
  identity: string | undefined,
): ExternalWeights {
  return {
    location,
    byteLength,
    identity,
    tensors: tensors.map(({ type, ...placed }) => ({
      ...placed,
      read: (signal?: AbortSignal): Promise<Uint8Array> =>
        quantized({ name: placed.name, type }, signal) ??
        weightBytes(source, { name: placed.name, type }, signal),
    })),
  };
}

function typesOf({ tensors }: WeightBlob): string {
  return [...new Set(tensors.map(({ type }) => type))].join('+');
}

function tensorSpec({ name, type, shape }: Value): ModelArtifact['inputs'][number] {
  return { name, type, shape: shape.map((size) => (typeof size === 'number' ? size : formatDim(size))) };
}
