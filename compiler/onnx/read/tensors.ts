/** Declarations of tensors in a model: names, element types and shapes, without their values. */
import {
  DIM,
  dataTypeName,
  ENTRY,
  EXTERNAL_LOCATION,
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
  /** ONNX's name of the element type (`float32`, `bfloat16`), or "unknown" if the value is not a tensor. */
  readonly dtype: string;
  /** Undefined if the model does not state it. A dim without size and name is "?". */
  readonly shape: readonly (number | string)[] | undefined;
  /** Location of the values in another file. */
  readonly external?: ExternalData;
}

/** A byte range of a file, relative to the model's folder. Unchecked: a model may name any path. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** In bytes. Null: the size of the tensor. */
  readonly length: number | null;
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
    if (field === TENSOR_TYPE.elementType) dtype = dataTypeName(number);
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
    else if (field === TENSOR.dataType) dtype = dataTypeName(number);
    else if (field === TENSOR.dims) shape.push(...(content.length === 0 ? [number] : readPackedVarints(content)));
    else if (field === TENSOR.dataLocation) isExternal = number === EXTERNAL_LOCATION;
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

/** A SparseTensorProto, whose name is that of its values. */
export function readSparseTensor(bytes: Uint8Array): ModelTensor {
  const values = [...fields(bytes)].find(({ field }) => field === SPARSE_TENSOR.values);
  const { name, dtype } = readTensor(values?.bytes ?? new Uint8Array());
  return { name, dtype, shape: undefined };
}
