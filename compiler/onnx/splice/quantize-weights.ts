/** Quantized weights in a finished model: initializers, and nodes at the start of the graph that dequantize them. */

import protobuf from "protobufjs/minimal.js";
import { tensor } from "../../ir/tensor.js";
import { bytesTag, dataType, GRAPH } from "../protobuf.js";
import { type AttributeProto, encodeNode, encodeTensor, type NodeProto, type TensorProto } from "../write/messages.js";
import { int, tensorProto } from "../write/proto.js";
import { bytesOf, spliced } from "./weights.js";

interface PackedTensor {
  /** Name of the dequantized float32 tensor. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Float16Weight extends PackedTensor {
  readonly dtype: "float16";
  readonly bits: Uint16Array;
}

/** Row-major int8 [rows, columns]. A value is a number times the scale of its row (axis 0) or column (axis 1). */
export interface Int8Weight extends PackedTensor {
  readonly dtype: "int8";
  readonly rows: number;
  readonly columns: number;
  readonly axis: 0 | 1;
  readonly numbers: Int8Array;
  readonly scales: Float32Array;
}

export type PackedWeight = Float16Weight | Int8Weight;
/** The stored form of a weight, without name and shape. */
export type WeightStorage = Omit<Float16Weight, keyof PackedTensor> | Omit<Int8Weight, keyof PackedTensor>;

interface GraphFragment {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

export function withPackedWeights(model: Uint8Array, weights: readonly PackedWeight[]): Uint8Array<ArrayBuffer> {
  const fragments = weights.map((weight) =>
    weight.dtype === "float16" ? float16Fragment(weight) : int8Fragment(weight),
  );
  const nodeWriter = protobuf.Writer.create();
  for (const node of fragments.flatMap(({ nodes }) => nodes))
    nodeWriter.uint32(bytesTag(GRAPH.node)).bytes(encodeNode(node));
  const initializerWriter = protobuf.Writer.create();
  for (const initializer of fragments.flatMap(({ initializers }) => initializers))
    initializerWriter.uint32(bytesTag(GRAPH.initializer)).bytes(encodeTensor(initializer));
  return spliced(model, nodeWriter.finish(), initializerWriter.finish());
}

function float16Fragment({ name, shape, bits }: Float16Weight): GraphFragment {
  const packedName = `/packed/${name}`;
  return {
    nodes: [node("Cast", [packedName], name, [int("to", dataType("float32"))])],
    initializers: [{ name: packedName, dataType: dataType("float16"), dims: [...shape], rawData: bytesOf(bits) }],
  };
}

function int8Fragment({ name, shape, rows, columns, axis, numbers, scales }: Int8Weight): GraphFragment {
  const [packedName, scale, zero, size, matrix] = ["", "scale/", "zero/", "shape/", "matrix/"].map(
    (kind) => `/packed/${kind}${name}`,
  ) as [string, string, string, string, string];
  const isMatrix = shape.length === 2;
  const output = isMatrix ? name : matrix;
  return {
    nodes: [
      node("DequantizeLinear", [packedName, scale, zero], output, [int("axis", axis)]),
      ...(isMatrix ? [] : [node("Reshape", [matrix, size], name)]),
    ],
    initializers: [
      { name: packedName, dataType: dataType("int8"), dims: [rows, columns], rawData: bytesOf(numbers) },
      { name: scale, dataType: dataType("float32"), dims: [scales.length], rawData: bytesOf(scales) },
      { name: zero, dataType: dataType("int8"), dims: [scales.length], rawData: new Uint8Array(scales.length) },
      ...(isMatrix ? [] : [tensorProto(tensor("int64", [shape.length], [...shape]), size)]),
    ],
  };
}

function node(
  opType: string,
  input: readonly string[],
  output: string,
  attribute: readonly AttributeProto[] = [],
): NodeProto {
  return { opType, name: `/packed/node/${output}`, input: [...input], output: [output], attribute: [...attribute] };
}
