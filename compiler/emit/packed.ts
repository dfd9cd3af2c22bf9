/** Weights stored in fewer bits than they are used in: initializers, and before all other nodes those that turn them back. */
import type { onnx } from "onnx-proto";
import protobuf from "protobufjs/minimal.js";
import { tensor } from "../ir/tensor.js";
import { int, tensorProto } from "./proto.js";
import { spliced } from "./weights.js";
import { bytes, GRAPH } from "./wire.js";

interface Packed {
  /** Of the float32 tensor that the model reads. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface HalfWeight extends Packed {
  readonly dtype: "float16";
  readonly bits: Uint16Array;
}

/** Row-major [rows, columns]: number times the scale of its row (axis 0) or column (axis 1). */
export interface Int8Weight extends Packed {
  readonly dtype: "int8";
  readonly rows: number;
  readonly columns: number;
  readonly axis: 0 | 1;
  readonly numbers: Int8Array;
  readonly scales: Float32Array;
}

export type PackedWeight = HalfWeight | Int8Weight;
/** How its numbers are stored. */
export type Storage = Omit<HalfWeight, keyof Packed> | Omit<Int8Weight, keyof Packed>;

// TensorProto.DataType.
const FLOAT = 1;
const INT8 = 3;
const FLOAT16 = 10;

interface Parts {
  readonly nodes: readonly onnx.INodeProto[];
  readonly initializers: readonly onnx.ITensorProto[];
}

export async function withPacked(
  model: Uint8Array,
  weights: readonly PackedWeight[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: onnxProto } = await import("onnx-proto");
  const parts = weights.map((weight) => (weight.dtype === "float16" ? halfParts(weight) : int8Parts(weight)));
  const before = protobuf.Writer.create();
  for (const node of parts.flatMap(({ nodes }) => nodes))
    before.uint32(bytes(GRAPH.node)).bytes(onnxProto.onnx.NodeProto.encode(node).finish());
  const after = protobuf.Writer.create();
  for (const initializer of parts.flatMap(({ initializers }) => initializers))
    after.uint32(bytes(GRAPH.initializer)).bytes(onnxProto.onnx.TensorProto.encode(initializer).finish());
  return spliced(model, before.finish(), after.finish());
}

function halfParts({ name, shape, bits }: HalfWeight): Parts {
  const stored = `/packed/${name}`;
  return {
    nodes: [node("Cast", [stored], name, [int("to", FLOAT)])],
    initializers: [{ name: stored, dataType: FLOAT16, dims: [...shape], rawData: raw(bits) }],
  };
}

function int8Parts({ name, shape, rows, columns, axis, numbers, scales }: Int8Weight): Parts {
  const [stored, scale, zero, size, flat] = ["", "scale/", "zero/", "shape/", "matrix/"].map(
    (part) => `/packed/${part}${name}`,
  ) as [string, string, string, string, string];
  const isMatrix = shape.length === 2;
  const made = isMatrix ? name : flat;
  return {
    nodes: [
      node("DequantizeLinear", [stored, scale, zero], made, [int("axis", axis)]),
      ...(isMatrix ? [] : [node("Reshape", [flat, size], name)]),
    ],
    initializers: [
      { name: stored, dataType: INT8, dims: [rows, columns], rawData: raw(numbers) },
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
