import type { TensorType } from '../core/tensor.js';
import type { Dim } from './dim.js';

/** A tensor inside a graph: an input, a weight, a constant or a node's output. */
export interface Value {
  /** Unique in the graph, readable: `down_blocks.0.resnets.0.conv1.Conv`. */
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly Dim[];
}

/** An attribute of a node. Whole numbers are ONNX ints unless wrapped by {@link float}. */
export type Attribute = number | string | readonly number[] | FloatAttribute;

/** A number that must be stored as an ONNX float although it may be whole. */
export interface FloatAttribute {
  readonly float: number;
}

/** Marks a number as a float attribute. */
export function float(value: number): FloatAttribute {
  return { float: value };
}

/** One operation of a graph. */
export interface GraphNode {
  readonly name: string;
  readonly operator: string;
  /** Operator set: '' is ONNX's own, `com.microsoft` the runtime's fused operators. */
  readonly domain: string;
  /** Names of inputs; '' for an optional one left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** One operation as it was asked for: with what is known of its inputs and outputs. */
export interface Operation {
  readonly operator: string;
  /** As {@link GraphNode.domain}. */
  readonly domain: string;
  /** Scope that it was added in, such as `down_blocks.0.resnets.0.conv1`. */
  readonly path: string;
  /** `undefined` for an optional one left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A small constant that is stored inside the graph. */
export interface InlineConstant {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Little-endian bytes, row-major. */
  readonly bytes: Uint8Array;
}

/** A weight that is stored outside of the graph. */
export interface ExternalConstant {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly location: string;
  readonly offset: number;
  readonly byteLength: number;
}
