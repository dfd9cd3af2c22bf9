/** Weights stored in fewer bits than they are used in: initializers, and before all other nodes those that turn them back. */
import type { onnx } from "onnx-proto";
import protobuf from "protobufjs/minimal.js";
import { tensor } from "../../ir/tensor.js";
import { bytesTag, GRAPH } from "../protobuf.js";
import { int, tensorProto } from "../write/proto.js";
import { spliced } from "./weights.js";

interface PackedTensor {
  /** Of the float32 tensor that the model reads. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Float16Weight extends PackedTensor {
  readonly dtype: "float16";
  readonly bits: Uint16Array;
}

/** Row-major [rows, columns]: number times the scale of its row (axis 0) or column (axis 1). */
export interface Int8Weight extends PackedTensor {
  readonly dtype: "int8";
  readonly rows: number;
  readonly columns: number;
  readonly axis: 0 | 1;
  readonly numbers: Int8Array;
  readonly scales: Float32Array;
}

export type PackedWeight = Float16Weight | Int8Weight;
/** How its numbers are stored. */
export type WeightStorage = Omit<Float16Weight, keyof PackedTensor> | Omit<Int8Weight, keyof PackedTensor>;

// TensorProto.DataType.
const FLOAT = 1;
const INT8 = 3;
const FLOAT16 = 10;

interface GraphFragment {
  readonly nodes: readonly onnx.INodeProto[];
  readonly initializers: readonly onnx.ITensorProto[];
}

export async function withPackedWeights(
  model: Uint8Array,
  weights: readonly PackedWeight[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: onnxProto } = await import("onnx-proto");
  const fragments = weights.map((weight) =>
    weight.dtype === "float16" ? float16Fragment(weight) : int8Fragment(weight),
  );
  const nodeWriter = protobuf.Writer.create();
  for (const node of fragments.flatMap(({ nodes }) => nodes))
    nodeWriter.uint32(bytesTag(GRAPH.node)).bytes(onnxProto.onnx.NodeProto.encode(node).finish());
  const initializerWriter = protobuf.Writer.create();
  for (const initializer of fragments.flatMap(({ initializers }) => initializers))
    initializerWriter
      .uint32(bytesTag(GRAPH.initializer))
      .bytes(onnxProto.onnx.TensorProto.encode(initializer).finish());
  return spliced(model, nodeWriter.finish(), initializerWriter.finish());
}

function float16Fragment({ name, shape, bits }: Float16Weight): GraphFragment {
  const packedName = `/packed/${name}`;
  return {
    nodes: [node("Cast", [packedName], name, [int("to", FLOAT)])],
    initializers: [{ name: packedName, dataType: FLOAT16, dims: [...shape], rawData: raw(bits) }],
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
      { name: packedName, dataType: INT8, dims: [rows, columns], rawData: raw(numbers) },
      { name: scale, dataType: FLOAT, dims: [scales.length], rawData: raw(scales) },
      { name: zero, dataType: INT8, dims: [scales.length], rawData: new Uint8Array(scales.length) },
      ...(isMatrix ? [] : [tensorProto(tensor("int64", [shape.length], [...shape]), size)]),
    ],
  };
}

function node(
  opType: string,
  input: readonly string[],
  output: string,
  attribute: readonly onnx.IAttributeProto[] = [],
): onnx.INodeProto {
  return { opType, name: `/packed/node/${output}`, input: [...input], output: [output], attribute: [...attribute] };
}

function raw({ buffer, byteOffset, byteLength }: Uint16Array | Int8Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
