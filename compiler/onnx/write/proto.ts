/** Types, tensors and attributes of an ONNX model as plain objects. All int64 fields pass through this file. */

import { toFloat16Bits } from "../../ir/float16.js";
import type { DType, Tensor, Type } from "../../ir/types.js";
import { dataType } from "../protobuf.js";
import type { AttributeProto, GraphProto, TensorProto, ValueInfoProto } from "./messages.js";

/** AttributeProto.AttributeType. */
const FLOAT = 1;
const INT = 2;
const STRING = 3;
const TENSOR = 4;
const GRAPH = 5;
const INTS = 7;
const STRINGS = 8;

/** The value of an int64 field. protobufjs silently writes 0 for a BigInt. */
function int64(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is not a safe integer for an int64 field`);
  return value;
}

export function int(name: string, value: number): AttributeProto {
  return { name, type: INT, i: int64(value) };
}

export function float(name: string, value: number): AttributeProto {
  return { name, type: FLOAT, f: value };
}

export function ints(name: string, values: readonly number[]): AttributeProto {
  return { name, type: INTS, ints: values.map(int64) };
}

export function text(name: string, value: string): AttributeProto {
  return { name, type: STRING, s: new TextEncoder().encode(value) };
}

export function texts(name: string, values: readonly string[]): AttributeProto {
  return { name, type: STRINGS, strings: values.map((value) => new TextEncoder().encode(value)) };
}

export function tensor(name: string, value: Tensor): AttributeProto {
  return { name, type: TENSOR, t: tensorProto(value) };
}

export function subgraph(name: string, value: GraphProto): AttributeProto {
  return { name, type: GRAPH, g: value };
}

export function tensorProto({ dtype, shape, data }: Tensor, name?: string): TensorProto {
  const nameField = name === undefined ? {} : { name };
  return { ...nameField, dataType: dataType(dtype), dims: shape.map(int64), rawData: rawData(dtype, data) };
}

/** Values as bytes of the dtype. ONNX needs little-endian, the byte order of all platforms of ONNX Runtime. */
export function rawData(dtype: DType, data: ArrayLike<number>): Uint8Array {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(data).buffer);
    case "float16":
      return new Uint8Array(Uint16Array.from(data, toFloat16Bits).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(data).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(data, BigInt).buffer);
    case "bool":
      return Uint8Array.from(data);
  }
}

/** A value's name and type. A symbolic dim is a dim_param: equal dims have equal names throughout the model. */
export function valueInfo(name: string, { dtype, shape }: Type): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: int64(size) } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: dataType(dtype), shape: { dim } } } };
}
