/** What a model says of its tensors: names, element types and shapes, without their numbers. */
import {
  DIM,
  ENTRY,
  fields,
  readPackedVarints,
  SHAPE,
  SPARSE_TENSOR,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from "../protobuf.js";

export interface ModelTensor {
  readonly name: string;
  /** ONNX's word for the element type (`float32`, `bfloat16`), or "unknown" where the value is no tensor. */
  readonly dtype: string;
  /** Undefined where the model does not say. A dim with neither size nor name is "?". */
  readonly shape: readonly (number | string)[] | undefined;
  /** Where its numbers lie, when they are in a file of their own. */
  readonly external?: ExternalData;
}

/** A stretch of a file, which is named from the model's folder. Not checked: a model may name anything. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Null: as long as its shape says. */
  readonly length: number | null;
}

/** TensorProto.DataType, in the order of its numbers. */
const DTYPES =
  "unknown float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1".split(
    " ",
  );

export function dtypeName(number: number): string {
  return DTYPES[number] ?? "unknown";
}

export function readText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A ValueInfoProto: an input or output. */
export function readValueInfo(bytes: Uint8Array): ModelTensor {
  let tensor: ModelTensor = { name: "", dtype: "unknown", shape: undefined };
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === VALUE_INFO.name) tensor = { ...tensor, name: readText(content) };
    if (field !== VALUE_INFO.type) continue;
    for (const type of fields(content)) {
      if (type.field === TYPE.tensor) tensor = { ...tensor, ...readTensorType(type.bytes) };
    }
  }
  return tensor;
}

function readTensorType(bytes: Uint8Array): Pick<ModelTensor, "dtype" | "shape"> {
  let dtype = "unknown";
  let shape: ModelTensor["shape"];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === TENSOR_TYPE.elementType) dtype = dtypeName(number);
    if (field === TENSOR_TYPE.shape)
      shape = [...fields(content)].flatMap((dim) => (dim.field === SHAPE.dim ? [readDim(dim.bytes)] : []));
  }
  return { dtype, shape };
}

function readDim(bytes: Uint8Array): number | string {
  let dim: number | string = "?";
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === DIM.size) dim = number;
    if (field === DIM.symbol && content.length > 0) dim = readText(content);
  }
  return dim;
}

/** A TensorProto: an initializer. */
export function readTensor(bytes: Uint8Array): ModelTensor {
  let name = "";
  let dtype = "unknown";
  let isExternal = false;
  const shape: number[] = [];
  const entries = new Map<string, string>();
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === TENSOR.name) name = readText(content);
    else if (field === TENSOR.dataType) dtype = dtypeName(number);
    else if (field === TENSOR.dims) shape.push(...(content.length === 0 ? [number] : readPackedVarints(content)));
    else if (field === TENSOR.dataLocation) isExternal = number === 1;
    else if (field === TENSOR.externalData) {
      const { key, value } = readEntry(content);
      entries.set(key, value);
    }
  }
  if (!isExternal && entries.size === 0) return { name, dtype, shape };
  const length = entries.get("length");
  const external = {
    location: entries.get("location") ?? "",
    offset: Number(entries.get("offset") ?? 0),
    length: length === undefined ? null : Number(length),
  };
  return { name, dtype, shape, external };
}

/** A StringStringEntryProto. */
export function readEntry(bytes: Uint8Array): { readonly key: string; readonly value: string } {
  let key = "";
  let value = "";
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === ENTRY.key) key = readText(content);
    if (field === ENTRY.value) value = readText(content);
  }
  return { key, value };
}

/** A SparseTensorProto: its name is the one of its values. */
export function readSparseTensor(bytes: Uint8Array): ModelTensor {
  const values = [...fields(bytes)].find(({ field }) => field === SPARSE_TENSOR.values);
  const { name, dtype } = readTensor(values?.bytes ?? new Uint8Array());
  return { name, dtype, shape: undefined };
}
