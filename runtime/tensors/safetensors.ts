/**
 * Safetensors: named tensors in one file. Eight bytes of header length (little-endian), the header in JSON (each name's
 * dtype, shape and byte range), then the bytes of all tensors without holes.
 */
import { bfloat16ToNumber, float16ToNumber } from "./half-float.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Tensors = ReadonlyMap<string, Tensor>;

export type SafetensorsResult =
  | { readonly ok: true; readonly tensors: Tensors; readonly metadata: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly message: string };

/** Bytes of an element, and how it becomes a number. Wider floats are rounded to float32, narrower ones are exact. */
const elementTypes: ReadonlyMap<string, { readonly bytes: number; read(view: DataView, offset: number): number }> =
  new Map([
    ["F64", { bytes: 8, read: (view: DataView, offset: number) => view.getFloat64(offset, true) }],
    ["F32", { bytes: 4, read: (view: DataView, offset: number) => view.getFloat32(offset, true) }],
    ["F16", { bytes: 2, read: (view: DataView, offset: number) => float16ToNumber(view.getUint16(offset, true)) }],
    ["BF16", { bytes: 2, read: (view: DataView, offset: number) => bfloat16ToNumber(view.getUint16(offset, true)) }],
    ["I64", { bytes: 8, read: (view: DataView, offset: number) => Number(view.getBigInt64(offset, true)) }],
    ["I32", { bytes: 4, read: (view: DataView, offset: number) => view.getInt32(offset, true) }],
  ]);

/** The format's own limit on its header. */
const MAX_HEADER_BYTES = 100_000_000;
/** Fills the header up. */
const SPACE = 0x20;

export function writeSafetensors(tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    header.push([name, { dtype: "F32", shape, data_offsets: [end, end + data.length * 4] }]);
    end += data.length * 4;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // The numbers begin at a multiple of 8, as the format asks.
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(SPACE, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let offset = start;
  for (const { data } of tensors.values()) {
    // Every machine that ONNX Runtime is built for is little-endian.
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
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
  if (bytes.length < 8) return invalid("it is too short to hold a header");
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES)
    return invalid(`its header claims ${length} bytes, and at most ${MAX_HEADER_BYTES} are allowed`);
  const start = 8 + length;
  if (start > bytes.length) return invalid("it ends inside its header");
  const header = parseHeader(bytes.subarray(8, start));
  if (typeof header === "string") return invalid(header);

  let coveredBytes = 0;
  for (const { name, dtype, shape, begin, end } of [...header.entries].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    const type = elementTypes.get(dtype);
    if (type === undefined) {
      return invalid(`"${name}" is of type ${dtype}, not one of ${[...elementTypes.keys()].join(", ")}`);
    }
    const size = shape.reduce((product, axis) => product * axis, type.bytes);
    if (end - begin !== size)
      return invalid(`"${name}" of shape [${shape.join(", ")}] needs ${size} bytes, and has ${end - begin}`);
    if (begin !== coveredBytes)
      return invalid(`"${name}" begins at byte ${begin}, where ${coveredBytes} bytes are in use`);
    coveredBytes = end;
  }
  const dataBytes = bytes.length - start;
  if (coveredBytes !== dataBytes)
    return invalid(`its tensors take ${coveredBytes} bytes, and ${dataBytes} follow the header`);

  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of header.entries) {
    const type = elementTypes.get(dtype);
    if (type === undefined) continue;
    const data = new Float32Array((end - begin) / type.bytes);
    for (let index = 0; index < data.length; index++) data[index] = type.read(view, start + begin + index * type.bytes);
    tensors.set(name, { shape, data });
  }
  return { ok: true, tensors, metadata: header.metadata };
}

function parseHeader(
  bytes: Uint8Array,
): { readonly entries: readonly Entry[]; readonly metadata: Readonly<Record<string, string>> } | string {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return "its header is not JSON";
  }
  if (!isObject(header)) return "its header is not a JSON object";
  const entries: Entry[] = [];
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isObject(value)) return "its metadata is not an object of texts";
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return "its metadata is not an object of texts";
        metadata.push([key, text]);
      }
      continue;
    }
    const entry = isObject(value) ? parseEntry(name, value) : undefined;
    if (entry === undefined) return `its header says nothing clear of "${name}"`;
    entries.push(entry);
  }
  return { entries, metadata: Object.fromEntries(metadata) };
}

function parseEntry(name: string, value: Readonly<Record<string, unknown>>): Entry | undefined {
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(range)) return undefined;
  const [begin, end] = range;
  if (begin === undefined || end === undefined || range.length !== 2 || end < begin) return undefined;
  return { name, dtype, shape, begin, end };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function invalid(message: string): SafetensorsResult {
  return { ok: false, message };
}
