/** NPY files (numpy.lib.format 1.0, 2.0 and 3.0): a reader whose sizes must match the header, and a writer. */
import { formatInteger } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import { elementCount } from "../../tensors/array.js";
import { float16ToNumber } from "../../tensors/half-float.js";
import type { ParsedArray } from "./convert-array.js";

type NpyResult = Result<ParsedArray, string>;

const magic = "\x93NUMPY";

interface ElementType {
  readonly bytes: number;
  readonly isInteger: boolean;
  readonly allocate: (count: number) => ParsedArray["values"];
  readonly read: (view: DataView, offset: number, little: boolean) => number;
}

const int32 = (count: number) => new Int32Array(count);
const float32 = (count: number) => new Float32Array(count);
const float64 = (count: number) => new Float64Array(count);

/** By kind and width, as in `descr`. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["b1", { bytes: 1, isInteger: true, allocate: int32, read: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) }],
  ["i1", { bytes: 1, isInteger: true, allocate: int32, read: (view, offset) => view.getInt8(offset) }],
  ["i2", { bytes: 2, isInteger: true, allocate: int32, read: (view, offset, little) => view.getInt16(offset, little) }],
  ["i4", { bytes: 4, isInteger: true, allocate: int32, read: (view, offset, little) => view.getInt32(offset, little) }],
  [
    "i8",
    {
      bytes: 8,
      isInteger: true,
      allocate: float64,
      read: (view, offset, little) => Number(view.getBigInt64(offset, little)),
    },
  ],
  ["u1", { bytes: 1, isInteger: true, allocate: int32, read: (view, offset) => view.getUint8(offset) }],
  [
    "u2",
    { bytes: 2, isInteger: true, allocate: int32, read: (view, offset, little) => view.getUint16(offset, little) },
  ],
  [
    "u4",
    { bytes: 4, isInteger: true, allocate: float64, read: (view, offset, little) => view.getUint32(offset, little) },
  ],
  [
    "u8",
    {
      bytes: 8,
      isInteger: true,
      allocate: float64,
      read: (view, offset, little) => Number(view.getBigUint64(offset, little)),
    },
  ],
  [
    "f2",
    {
      bytes: 2,
      isInteger: false,
      allocate: float32,
      read: (view, offset, little) => float16ToNumber(view.getUint16(offset, little)),
    },
  ],
  [
    "f4",
    { bytes: 4, isInteger: false, allocate: float32, read: (view, offset, little) => view.getFloat32(offset, little) },
  ],
  [
    "f8",
    { bytes: 8, isInteger: false, allocate: float64, read: (view, offset, little) => view.getFloat64(offset, little) },
  ],
]);

/** Types that are no real numbers, by kind. */
const otherTypes: ReadonlyMap<string, string> = new Map([
  ["O", "Python objects"],
  ["U", "text"],
  ["S", "bytes"],
  ["c", "complex numbers"],
  ["M", "times"],
  ["m", "durations"],
]);

/** NumPy writes headers of a few hundred bytes. */
const MAX_HEADER_BYTES = 2 ** 16;

export function readNpy(bytes: Uint8Array): NpyResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== magic) return invalid("it is not an NPY file");
  const major = view.getUint8(6);
  if (major < 1 || major > 3) return invalid(`its format version ${major}.${view.getUint8(7)} is not supported`);
  const headerStart = major === 1 ? 10 : 12;
  if (bytes.length < headerStart) return invalid("it ends inside its header");
  const dataStart = headerStart + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < dataStart) return invalid("it ends inside its header");
  if (dataStart > MAX_HEADER_BYTES)
    return invalid(`its header is longer than ${formatInteger(MAX_HEADER_BYTES)} bytes`);

  const header = parseHeader(latin1(bytes.subarray(headerStart, dataStart)));
  if (header === undefined) return invalid("its header does not describe a plain array");
  const type = elementTypes.get(header.kind);
  if (type === undefined) {
    const noun = otherTypes.get(header.kind.charAt(0));
    const shown = noun === undefined ? header.kind : `${header.kind} (${noun})`;
    return invalid(`its elements are of type ${shown}, not one of ${[...elementTypes.keys()].join(", ")}`);
  }
  const count = elementCount(header.shape);
  const actualBytes = bytes.length - dataStart;
  // Checked before allocation: a header may declare any size.
  if (count * type.bytes !== actualBytes) {
    return invalid(
      `its header declares ${formatInteger(count * type.bytes)} bytes of data, but it has ${formatInteger(actualBytes)}`,
    );
  }
  const values = type.allocate(count);
  const sourceIndexOf = header.isFortranOrder ? columnMajor(header.shape) : undefined;
  for (let index = 0; index < count; index++) {
    const source = sourceIndexOf === undefined ? index : sourceIndexOf(index);
    values[index] = type.read(view, dataStart + source * type.bytes, header.isLittleEndian);
  }
  return ok({ shape: header.shape, isInteger: type.isInteger, values });
}

interface Header {
  readonly kind: string;
  readonly isLittleEndian: boolean;
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
}

/** The header is a Python dict of exactly three members, in any order, padded with spaces. */
function parseHeader(text: string): Header | undefined {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) return undefined;
  const member = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d\sL,]*\))\s*(?:,|$)/y;
  const members = new Map<string, string>();
  let end = 0;
  for (let matched = member.exec(body); matched !== null; matched = member.exec(body)) {
    const [, , key, value] = matched;
    if (key === undefined || value === undefined || members.has(key)) return undefined;
    members.set(key, value);
    end = member.lastIndex;
    if (end === body.length) break;
  }
  if (body.slice(end).trim() !== "") return undefined;

  const descr = /^['"]([<>|=]?)([a-zA-Z]\d*)(?:\[\w+\])?['"]$/.exec(members.get("descr") ?? "");
  const order = members.get("fortran_order");
  const tuple = /^\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?\s*)?)\)$/.exec(members.get("shape") ?? "")?.[1];
  if (descr?.[2] === undefined || (order !== "True" && order !== "False") || tuple === undefined) return undefined;
  const sizes = tuple.split(",").filter((size) => size.trim() !== "");
  const shape = sizes.map((size) => Number.parseInt(size, 10));
  if (!shape.every(Number.isSafeInteger)) return undefined;
  return { kind: descr[2], isLittleEndian: descr[1] !== ">", isFortranOrder: order === "True", shape };
}

/** Maps row-major indices to column-major ones. */
function columnMajor(shape: readonly number[]): (index: number) => number {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  return (index) => {
    let rest = index;
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      source += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    return source;
  };
}

/** A version 1.0 file in the precision of the array, row-major, its data aligned to 64 bytes. */
export function writeNpy(shape: readonly number[], values: Float32Array | Float64Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const members = `{'descr': '<f${values.BYTES_PER_ELEMENT}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const size = Math.ceil((10 + members.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10);
  header.write(magic, 0, "latin1");
  header.writeUInt8(1, 6);
  header.writeUInt16LE(size, 8);
  const isDouble = values instanceof Float64Array;
  const numbers = Buffer.alloc(values.byteLength);
  for (const [index, value] of values.entries())
    if (isDouble) numbers.writeDoubleLE(value, index * 8);
    else numbers.writeFloatLE(value, index * 4);
  return Buffer.concat([header, Buffer.from(`${members.padEnd(size - 1)}\n`, "latin1"), numbers]);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function invalid(message: string): NpyResult {
  return fail(message);
}
