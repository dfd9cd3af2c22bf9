/**
 * Safetensors files: 8 bytes of header length (little-endian), a JSON header (dtype, shape and byte range by name),
 * then the bytes of all tensors without gaps.
 */

import { isObject } from "../../schema/json-pointer.js";
import { formatInteger } from "../format.js";
import { fail, ok, type Result } from "../result.js";
import { bfloat16ToNumber, float16ToNumber } from "./half-float.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Tensors = ReadonlyMap<string, Tensor>;

export interface SafetensorsFile {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The error is a clause that follows the name of the file. */
export type SafetensorsResult = Result<SafetensorsFile, string>;

/** Size and decoder of an element. Float64 is rounded to float32; narrower floats are exact. */
const elementTypes: ReadonlyMap<string, { readonly bytes: number; read(view: DataView, offset: number): number }> =
  new Map([
    ["F64", { bytes: 8, read: (view: DataView, offset: number) => view.getFloat64(offset, true) }],
    ["F32", { bytes: 4, read: (view: DataView, offset: number) => view.getFloat32(offset, true) }],
    ["F16", { bytes: 2, read: (view: DataView, offset: number) => float16ToNumber(view.getUint16(offset, true)) }],
    ["BF16", { bytes: 2, read: (view: DataView, offset: number) => bfloat16ToNumber(view.getUint16(offset, true)) }],
    ["I64", { bytes: 8, read: (view: DataView, offset: number) => Number(view.getBigInt64(offset, true)) }],
    ["I32", { bytes: 4, read: (view: DataView, offset: number) => view.getInt32(offset, true) }],
  ]);

/** Limit of the header in the format's specification. */
const MAX_HEADER_BYTES = 100_000_000;
/** Pads the header. */
const SPACE = 0x20;

/** An array of a type that a file stores as it is. */
export interface StoredArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

export function writeSafetensors(
  arrays: ReadonlyMap<string, StoredArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of arrays) {
    header.push([name, { dtype: dtypeOf(data), shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // The format aligns the data to 8 bytes.
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(SPACE, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let offset = start;
  for (const { data } of arrays.values()) {
    // All platforms of ONNX Runtime are little-endian.
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

function dtypeOf(data: StoredArray["data"]): string {
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "I64";
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export function readSafetensors(bytes: Uint8Array): SafetensorsResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) return fail("it is too short to hold a header");
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES)
    return fail(
      `its header declares ${formatInteger(length)} bytes, but at most ${formatInteger(MAX_HEADER_BYTES)} are allowed`,
    );
  const start = 8 + length;
  if (start > bytes.length) return fail("it ends inside its header");
  const header = parseHeader(bytes.subarray(8, start));
  if (!header.ok) return header;
  const { entries, metadata } = header.value;

  let coveredBytes = 0;
  for (const { name, dtype, shape, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const type = elementTypes.get(dtype);
    if (type === undefined) {
      return fail(`"${name}" is of type ${dtype}, not one of ${[...elementTypes.keys()].join(", ")}`);
    }
    const size = shape.reduce((product, axis) => product * axis, type.bytes);
    if (end - begin !== size)
      return fail(
        `"${name}" of shape [${shape.join(", ")}] needs ${formatInteger(size)} bytes, but has ${formatInteger(end - begin)}`,
      );
    if (begin !== coveredBytes)
      return fail(
        `"${name}" begins at byte ${formatInteger(begin)}, but the previous tensors end at ${formatInteger(coveredBytes)}`,
      );
    coveredBytes = end;
  }
  const dataBytes = bytes.length - start;
  if (coveredBytes !== dataBytes)
    return fail(
      `its tensors take ${formatInteger(coveredBytes)} bytes, but ${formatInteger(dataBytes)} follow the header`,
    );

  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const type = elementTypes.get(dtype);
    if (type === undefined) continue;
    const data = new Float32Array((end - begin) / type.bytes);
    for (let index = 0; index < data.length; index++) data[index] = type.read(view, start + begin + index * type.bytes);
    tensors.set(name, { shape, data });
  }
  return ok({ tensors, metadata });
}

function parseHeader(
  bytes: Uint8Array,
): Result<{ readonly entries: readonly Entry[]; readonly metadata: Readonly<Record<string, string>> }, string> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return fail("its header is not JSON");
  }
  if (!isObject(header)) return fail("its header is not a JSON object");
  const entries: Entry[] = [];
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isObject(value)) return fail("its metadata is not an object of strings");
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return fail("its metadata is not an object of strings");
        metadata.push([key, text]);
      }
      continue;
    }
    const entry = isObject(value) ? parseEntry(name, value) : undefined;
    if (entry === undefined) return fail(`its header has an invalid entry for "${name}"`);
    entries.push(entry);
  }
  return ok({ entries, metadata: Object.fromEntries(metadata) });
}

function parseEntry(name: string, value: Readonly<Record<string, unknown>>): Entry | undefined {
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(range)) return undefined;
  const [begin, end] = range;
  if (begin === undefined || end === undefined || range.length !== 2 || end < begin) return undefined;
  return { name, dtype, shape, begin, end };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
