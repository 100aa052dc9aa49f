import Pbf from 'pbf';
import type { TensorType } from '../core/tensor.js';
import { type Dim, formatDim } from './dim.js';
import type { Attribute, ExternalConstant, GraphNode, InlineConstant, Value } from './value.js';

// Field numbers and enumerations are those of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto3).

/** ONNX's number of each element type. */
export const elementType: Readonly<Record<TensorType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;
const externalLocation = 1;

/** IR version 10 belongs to opset 21. */
const irVersion = 10;

/** Everything that a model file holds. */
export interface ModelContent {
  readonly name: string;
  /** Operator sets by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly InlineConstant[];
  readonly weights: readonly ExternalConstant[];
}

/** Writes an ONNX ModelProto whose weights are external data. */
export function serializeModel(model: ModelContent): Uint8Array {
  const pbf = new Pbf();
  pbf.writeVarintField(1, irVersion);
  pbf.writeStringField(2, 'animatediff-js');
  pbf.writeMessage(7, writeGraph, model);
  for (const entry of model.opsets) pbf.writeMessage(8, writeOpset, entry);
  return pbf.finish();
}

function writeOpset([domain, version]: [string, number], pbf: Pbf): void {
  if (domain !== '') pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

function writeGraph(model: ModelContent, pbf: Pbf): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, model.name);
  for (const constant of model.constants) pbf.writeMessage(5, writeInline, constant);
  for (const weight of model.weights) pbf.writeMessage(5, writeExternal, weight);
  for (const input of model.inputs) pbf.writeMessage(11, writeValueInfo, input);
  for (const output of model.outputs) pbf.writeMessage(12, writeValueInfo, output);
}

function writeNode(node: GraphNode, pbf: Pbf): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.operator);
  for (const entry of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, entry);
  if (node.domain !== '') pbf.writeStringField(7, node.domain);
}

function writeAttribute([name, value]: [string, Attribute], pbf: Pbf): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'string') {
    pbf.writeStringField(4, value);
    pbf.writeVarintField(20, attributeType.string);
  } else if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, attributeType.int);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, attributeType.float);
  } else {
    pbf.writePackedVarint(8, [...value]);
    pbf.writeVarintField(20, attributeType.ints);
  }
}

function writeTensorHeader(
  tensor: { name: string; type: TensorType; shape: readonly number[] },
  pbf: Pbf,
): void {
  pbf.writePackedVarint(1, [...tensor.shape]);
  pbf.writeVarintField(2, elementType[tensor.type]);
  pbf.writeStringField(8, tensor.name);
}

function writeInline(tensor: InlineConstant, pbf: Pbf): void {
  writeTensorHeader(tensor, pbf);
  pbf.writeBytesField(9, tensor.bytes);
}

function writeExternal(tensor: ExternalConstant, pbf: Pbf): void {
  writeTensorHeader(tensor, pbf);
  pbf.writeMessage(13, writeEntry, ['location', tensor.location]);
  pbf.writeMessage(13, writeEntry, ['offset', String(tensor.offset)]);
  pbf.writeMessage(13, writeEntry, ['length', String(tensor.byteLength)]);
  pbf.writeVarintField(14, externalLocation);
}

function writeEntry([key, value]: [string, string], pbf: Pbf): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeValueInfo(value: Value, pbf: Pbf): void {
  pbf.writeStringField(1, value.name);
  pbf.writeMessage(2, (v: Value, type: Pbf) => type.writeMessage(1, writeTensorType, v), value);
}

function writeTensorType(value: Value, pbf: Pbf): void {
  pbf.writeVarintField(1, elementType[value.type]);
  pbf.writeMessage(
    2,
    (shape: readonly Dim[], message: Pbf) => {
      for (const size of shape) message.writeMessage(1, writeDim, size);
    },
    value.shape,
  );
}

function writeDim(size: Dim, pbf: Pbf): void {
  if (typeof size === 'number') pbf.writeVarintField(1, size);
  else pbf.writeStringField(2, formatDim(size));
}
