/** The numbers of a TensorProto, in any of the fields that ONNX stores them in. */
import { fromFloat16Bits } from "../../ir/float16.js";
import { type Field, fields, readPackedVarints, TENSOR } from "../protobuf.js";
import type { ExternalData, ModelTensor } from "./tensors.js";
import { readTensor } from "./tensors.js";

/** A tensor of a model, with its numbers. */
export interface TensorProto extends ModelTensor {
  readonly shape: readonly number[];
  /** Throws a RangeError where the model does not hold the numbers that the shape needs. Values are not decoded. */
  check(): void;
  /** Row-major, in float64. Throws as `check`. */
  values(): Float64Array;
}

/**
 * The bytes of external data. Throws a RangeError where they cannot be read.
 *
 * @param isCheck true to look for them only: the result is not read.
 */
export type ReadExternal = (external: ExternalData, bytes: number, isCheck: boolean) => Uint8Array;

type Decode = (view: DataView, offset: number) => number;

/** Bytes of an element in raw data, and its number. */
const rawFormats: Readonly<Record<string, { readonly size: number; readonly decode: Decode }>> = {
  float32: { size: 4, decode: (view, offset) => view.getFloat32(offset, true) },
  float64: { size: 8, decode: (view, offset) => view.getFloat64(offset, true) },
  float16: { size: 2, decode: (view, offset) => fromFloat16Bits(view.getUint16(offset, true)) },
  bfloat16: { size: 2, decode: (view, offset) => fromBfloat16Bits(view.getUint16(offset, true)) },
  int8: { size: 1, decode: (view, offset) => view.getInt8(offset) },
  uint8: { size: 1, decode: (view, offset) => view.getUint8(offset) },
  bool: { size: 1, decode: (view, offset) => Math.min(view.getUint8(offset), 1) },
  int16: { size: 2, decode: (view, offset) => view.getInt16(offset, true) },
  uint16: { size: 2, decode: (view, offset) => view.getUint16(offset, true) },
  int32: { size: 4, decode: (view, offset) => view.getInt32(offset, true) },
  uint32: { size: 4, decode: (view, offset) => view.getUint32(offset, true) },
  int64: { size: 8, decode: (view, offset) => Number(view.getBigInt64(offset, true)) },
  uint64: { size: 8, decode: (view, offset) => Number(view.getBigUint64(offset, true)) },
};

function fromBfloat16Bits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param external reads the numbers that the model stores in another file. */
export function readTensorProto(bytes: Uint8Array, external: ReadExternal): TensorProto {
  const declared = readTensor(bytes);
  const shape = (declared.shape ?? []).map(Number);
  const content = (isCheck = false) => tensorContent(bytes, { ...declared, shape }, external, isCheck);
  return {
    ...declared,
    shape,
    check() {
      content(true);
    },
    values() {
      const { raw, typed, count, format } = content();
      if (raw === undefined) return Float64Array.from(typed);
      const view = viewOf(raw);
      return Float64Array.from({ length: count }, (_, index) => format.decode(view, index * format.size));
    },
  };
}

/** The bytes of a tensor's numbers, or the numbers themselves: as many as its shape needs. */
function tensorContent(
  bytes: Uint8Array,
  { dtype, shape = [], external }: ModelTensor,
  read: ReadExternal,
  isCheck: boolean,
) {
  const format = rawFormats[dtype];
  if (format === undefined) throw new RangeError(`the element type ${dtype} is not supported`);
  const count = shape.reduce<number>((product, size) => product * Number(size), 1);
  if (shape.some((size) => Number(size) < 0) || !Number.isSafeInteger(count))
    throw new RangeError(`[${shape.join(", ")}] is not a shape`);
  let raw = external && read(external, count * format.size, isCheck);
  if (raw !== undefined && isCheck) return { raw, typed: [], count, format };
  const typed: number[] = [];
  for (const entry of fields(bytes)) {
    if (entry.field === TENSOR.rawData) raw ??= entry.bytes;
    else for (const value of typedNumbers(entry, dtype)) typed.push(value);
  }
  if (raw !== undefined && raw.length !== count * format.size)
    throw new RangeError(`it has ${raw.length} bytes, but its shape needs ${count * format.size}`);
  if (raw === undefined && typed.length !== count)
    throw new RangeError(`it has ${typed.length} numbers, but its shape needs ${count}`);
  return { raw, typed, count, format };
}

/** The numbers of one of the fields `float_data`, `int32_data`, …, packed or one by one. */
function typedNumbers({ field, number, bytes }: Field, dtype: string): readonly number[] {
  if (field === TENSOR.floats) return fixedWidth(bytes, 4);
  if (field === TENSOR.doubles) return fixedWidth(bytes, 8);
  if (field !== TENSOR.int32s && field !== TENSOR.int64s && field !== TENSOR.uint64s) return [];
  const integers = bytes.length === 0 ? [number] : readPackedVarints(bytes);
  // 16-bit floats are stored as their bits.
  if (dtype === "float16") return integers.map(fromFloat16Bits);
  return dtype === "bfloat16" ? integers.map(fromBfloat16Bits) : integers;
}

/** Floats of 4 or 8 bytes, little-endian. */
export function fixedWidth(content: Uint8Array, width: 4 | 8): readonly number[] {
  const view = viewOf(content);
  return Array.from({ length: Math.floor(content.length / width) }, (_, index) =>
    width === 4 ? view.getFloat32(index * width, true) : view.getFloat64(index * width, true),
  );
}
