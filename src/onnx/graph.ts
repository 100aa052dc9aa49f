import { AnimateDiffError } from '../core/errors.js';
import { float32ToFloat16 } from '../core/half.js';
import { elementCount, type TensorType } from '../core/tensor.js';
import { type Dim, dim, divisorName, formatDim, multiplyDims, parts } from './dim.js';
import { serializeModel } from './serialize.js';
import type { Attribute, ExternalConstant, GraphNode, InlineConstant, Operation, Value } from './value.js';
import { elementBytes, layOutWeights, type WeightBlob } from './weight-layout.js';

/** A finished graph: its bytes, and where each weight has to lie. */
export interface BuiltGraph {
  readonly bytes: Uint8Array;
  /** Every weight that was asked for, whatever was replaced: the same graph has the same blobs. */
  readonly blobs: readonly WeightBlob[];
  /** The weights that were replaced or added; the graph refers to these instead. */
  readonly replacements: readonly WeightBlob[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodeCount: number;
}

/** Options of {@link GraphBuilder.build}. */
export interface BuildOptions {
  /** Weights that get blobs of their own, beside their place in the others, whose content does not depend on them. */
  replaced?: Pick<ReadonlySet<string>, 'has'>;
  /** Weights that are in those blobs only. */
  added?: ReadonlySet<string>;
}

/** What a node is made of; see {@link GraphBuilder.node}. */
export interface NodeRequest {
  /** ONNX operator name. */
  operator: string;
  /** Operator set; '' (default) is ONNX's own. */
  domain?: string;
  /** `undefined` leaves an optional input out. */
  inputs: readonly (Value | undefined)[];
  attributes?: Readonly<Record<string, Attribute>>;
  /** Type and shape of each output, as inferred by the operator's function. */
  outputs: readonly { type: TensorType; shape: readonly Dim[] }[];
}

/**
 * Opset 21: the newest in which every operator used here has kernels on the CPU, WASM and WebGPU providers of ONNX
 * Runtime 1.30.
 */
const onnxOpset = 21;

/**
 * Writes one ONNX graph, node by node. Operators are functions over it (`conv2d(g, x, …)`) that infer and check shapes
 * when called, so that a mistake is reported with the caller's stack and the layer's name.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #fixed: ReadonlyMap<string, number>;
  readonly #nodes: GraphNode[] = [];
  readonly #operations: Operation[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #constants = new Map<string, InlineConstant & { value: Value }>();
  readonly #weights = new Map<string, Value>();
  readonly #parts = new Map<string, readonly Value[]>();
  readonly #apart = new Set<string>();
  readonly #names = new Map<string, number>();
  readonly #scopes: string[] = [];
  readonly #sizes = new Map<string, { value: Value; axis: number }>();
  readonly #once = new Map<string, Value>();
  #microsoft = false;

  /**
   * @param name Shown by tools that draw the graph.
   * @param fixed Sizes that inputs call by name, but that are known already.
   */
  constructor(name: string, fixed: ReadonlyMap<string, number> = new Map()) {
    this.#name = name;
    this.#fixed = fixed;
  }

  /** Runs `body` with `name` put before the names of all that it adds; scopes nest. */
  scope<T>(name: string, body: () => T): T {
    this.#scopes.push(name);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  /** The current scope as text, for errors and names. */
  get path(): string {
    return this.#scopes.join('.');
  }

  /** Every operation so far, each after those that it depends on. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** Every input so far. */
  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /** The shape of a weight that was asked for, by name. */
  weightShape(name: string): readonly number[] | undefined {
    return this.#weights.get(name)?.shape as readonly number[] | undefined;
  }

  /** Every constant so far. */
  get constants(): readonly InlineConstant[] {
    return [...this.#constants.values()];
  }

  /** Declares an input. A string is a size known at run time only. */
  input(name: string, type: TensorType, shape: readonly (Dim | string)[]): Value {
    const value: Value = {
      name,
      type,
      shape: shape.map((size) => (typeof size === 'string' ? (this.#fixed.get(size) ?? dim(size)) : size)),
    };
    this.#inputs.push(value);
    this.#learnSizes(value);
    return value;
  }

  /** Names a value as the graph's output. */
  output(name: string, value: Value): void {
    const identity = {
      operator: 'Identity',
      domain: '',
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    };
    this.#nodes.push({ name: `output.${name}`, ...identity });
    this.#outputs.push({ ...value, name });
  }

  /**
   * A weight stored outside of the graph, under its whole name; asking twice for one name gives the same value.
   * `shape` may differ from the file's as long as the row-major bytes are the same.
   */
  weight(name: string, shape: readonly number[], type: TensorType = 'float32'): Value {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    const value: Value = { name, type, shape };
    this.#weights.set(name, value);
    return value;
  }

  /**
   * As `weight`, stored beside the others, in a blob that is not kept: for one that only this graph among its kind needs
   * as a whole.
   */
  weightApart(name: string, shape: readonly number[], type: TensorType = 'float32'): Value {
    this.#apart.add(name);
    return this.weight(name, shape, type);
  }

  /** Keeps a weight's place among the others although this graph has no use for it. */
  reserve(name: string, shape: readonly number[]): void {
    this.weight(name, shape);
    this.#parts.set(name, []);
  }

  /**
   * A weight as equal pieces along its first axis: the same bytes, not copies. Such a weight is not asked for as a
   * whole.
   */
  weightParts(
    name: string,
    shape: readonly number[],
    count: number,
    type: TensorType = 'float32',
  ): readonly Value[] {
    const known = this.#parts.get(name);
    if (known !== undefined) return known;
    this.weight(name, shape, type);
    const part = [shape[0]! / count, ...shape.slice(1)];
    const values = Array.from(
      { length: count },
      (_, i): Value => ({ name: `${name}[${i}]`, type, shape: part }),
    );
    this.#parts.set(name, values);
    return values;
  }

  /**
   * A small constant stored in the graph. Equal constants are stored once.
   * @param floats What floats are stored as; default float32.
   */
  constant(
    data: Float32Array | BigInt64Array | Int8Array | Uint8Array,
    shape: readonly number[] = [data.length],
    floats: TensorType = 'float32',
  ): Value {
    const type = data instanceof Float32Array ? floats : integerType(data);
    const stored = data instanceof Float32Array && floats === 'float16' ? float32ToFloat16(data) : data;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    const key = `${type}[${shape.join(',')}]${bytes.byteLength <= 256 ? bytes.join(',') : `#${this.#constants.size}`}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known.value;
    if (elementCount(shape) !== data.length)
      this.fail(`constant of ${data.length} elements cannot have shape [${shape}]`);
    const value: Value = { name: `constant_${this.#constants.size}`, type, shape };
    this.#constants.set(key, { ...value, shape, bytes: bytes.slice(), value });
    return value;
  }

  /** Appends a node and returns its outputs. Operators call this; models call operators. */
  node(request: NodeRequest): Value[] {
    const domain = request.domain ?? '';
    if (domain !== '') this.#microsoft = true;
    const name = this.#uniqueName(request.operator);
    const outputs = request.outputs.map(
      ({ type, shape }, index): Value => ({ name: index === 0 ? name : `${name}:${index}`, type, shape }),
    );
    this.#nodes.push({
      name,
      operator: request.operator,
      domain,
      inputs: inputNames(request.inputs),
      outputs: outputs.map((output) => output.name),
      attributes: request.attributes ?? {},
    });
    const { operator, inputs, attributes = {} } = request;
    this.#operations.push({ operator, domain, path: this.path, inputs, outputs, attributes });
    for (const output of outputs) this.#learnSizes(output);
    return outputs;
  }

  /** What `make` adds to the graph, made by the first who asks under this name. */
  once(name: string, make: () => Value): Value {
    const value = this.#once.get(name) ?? make();
    this.#once.set(name, value);
    return value;
  }

  /**
   * The run-time value of a size as an int64 tensor `[1]`.
   * @throws `invalid-options` for a name that no input carries.
   */
  runtimeDim(size: Dim): Value {
    return this.once(`size ${formatDim(size)}`, () => {
      const { coefficient, factors } = parts(size);
      let value = coefficient === 1 ? undefined : this.constant(BigInt64Array.of(BigInt(coefficient)));
      for (const factor of factors) {
        const divides = divisorName(factor);
        const name = divides ?? factor;
        const origin = this.#sizes.get(name) ?? this.fail(`nothing in the graph has the size '${name}'`);
        const one = this.#shapeOf(origin.value, origin.axis);
        if (divides === undefined) value = value === undefined ? one : this.#int64('Mul', [value, one]);
        else value = this.#int64('Div', [value ?? this.constant(BigInt64Array.of(1n)), one]);
      }
      return value ?? this.constant(BigInt64Array.of(1n));
    });
  }

  /** A shape as an int64 tensor: a constant when every size is a number or one of the markers 0 and -1. */
  runtimeShape(sizes: readonly Dim[]): Value {
    if (sizes.every((size) => typeof size === 'number')) {
      return this.constant(BigInt64Array.from(sizes, (size) => BigInt(size)));
    }
    return this.once(`shape [${sizes.map(formatDim).join(',')}]`, () => {
      const [value] = this.node({
        operator: 'Concat',
        inputs: sizes.map((size) => this.runtimeDim(size)),
        attributes: { axis: 0 },
        outputs: [{ type: 'int64', shape: [sizes.length] }],
      });
      return value!;
    });
  }

  /** Throws an error that names the current scope. */
  fail(message: string): never {
    throw new AnimateDiffError('invalid-options', `${this.#name} graph, at '${this.path}': ${message}`);
  }

  /** Serialises the graph and lays its weights out, in the order in which they were asked for. */
  build({ replaced = new Set(), added = new Set() }: BuildOptions = {}): BuiltGraph {
    const weights = [...this.#weights.values()];
    const beside = new Set([...added, ...this.#apart]);
    const requests = weights.map((value) => {
      const { name, type } = value;
      const shape = value.shape as readonly number[];
      // A weight whose place is only kept has none.
      const pieces = this.#parts.get(name)?.length || undefined;
      return { name, type, byteLength: elementCount(shape) * elementBytes[type], pieces };
    });
    const blobs = layOutWeights(
      this.#name,
      requests.filter(({ name }) => !beside.has(name)),
    );
    const replacements = layOutWeights(
      `${this.#name}-replaced`,
      requests.filter(({ name }) => replaced.has(name) || beside.has(name)),
    );
    const external = [...blobs, ...replacements].flatMap((blob) =>
      blob.tensors.flatMap((placed): ExternalConstant[] => {
        if (replaced.has(placed.name) && !replacements.includes(blob)) return [];
        const parts = this.#parts.get(placed.name) ?? [this.#weights.get(placed.name)!];
        const byteLength = placed.byteLength / parts.length;
        return parts.map(({ name, type, shape }, index) => ({
          name,
          type,
          shape: shape as readonly number[],
          location: blob.location,
          offset: placed.offset + index * byteLength,
          byteLength,
        }));
      }),
    );
    const opsets = new Map([['', onnxOpset]]);
    if (this.#microsoft) opsets.set('com.microsoft', 1);
    const bytes = serializeModel({
      name: this.#name,
      opsets,
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      constants: [...this.#constants.values()],
      weights: external,
    });
    return {
      bytes,
      blobs,
      replacements,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodeCount: this.#nodes.length,
    };
  }

  #shapeOf(value: Value, axis: number): Value {
    const [size] = this.node({
      operator: 'Shape',
      inputs: [value],
      attributes: { start: axis, end: axis + 1 },
      outputs: [{ type: 'int64', shape: [1] }],
    });
    return size!;
  }

  #int64(operator: string, inputs: Value[]): Value {
    return this.node({ operator, inputs, outputs: [{ type: 'int64', shape: [1] }] })[0]!;
  }

  // The first value that carries a size under its plain name is where its run-time value is read from.
  #learnSizes(value: Value): void {
    value.shape.forEach((size, axis) => {
      const { coefficient, factors } = parts(size);
      const name = factors[0];
      if (coefficient === 1 && factors.length === 1 && name !== undefined && !this.#sizes.has(name)) {
        this.#sizes.set(name, { value, axis });
      }
    });
  }

  #uniqueName(operator: string): string {
    const path = this.path;
    const base = path === '' ? operator : `${path}.${operator}`;
    const count = this.#names.get(base) ?? 0;
    this.#names.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  }
}

function integerType(data: BigInt64Array | Int8Array | Uint8Array): TensorType {
  if (data instanceof BigInt64Array) return 'int64';
  return data instanceof Int8Array ? 'int8' : 'uint8';
}

// Trailing optional inputs are left out rather than named '': ONNX Runtime's WebGPU convolution crashes on those.
function inputNames(inputs: readonly (Value | undefined)[]): string[] {
  const given = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
  return given.map((input) => input?.name ?? '');
}

/** Number of elements of a value. */
export function valueSize(value: Value): Dim {
  return multiplyDims(...value.shape);
}
