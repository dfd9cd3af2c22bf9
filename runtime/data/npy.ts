/** NPY files (numpy.lib.format 1.0, 2.0 and 3.0): a reader that accepts exactly what the header says, and a writer. */
import { half } from "../halves.js";
import type { Numbers } from "./numbers.js";

type Read = { readonly ok: true; readonly numbers: Numbers } | { readonly ok: false; readonly message: string };

const magic = "\x93NUMPY";

interface ElementType {
  readonly bytes: number;
  readonly integer: boolean;
  readonly make: (count: number) => Numbers["values"];
  readonly read: (view: DataView, offset: number, little: boolean) => number;
}

const int32 = (count: number) => new Int32Array(count);
const float32 = (count: number) => new Float32Array(count);
const float64 = (count: number) => new Float64Array(count);

/** By kind and width, as in `descr`. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["b1", { bytes: 1, integer: true, make: int32, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) }],
  ["i1", { bytes: 1, integer: true, make: int32, read: (view, at) => view.getInt8(at) }],
  ["i2", { bytes: 2, integer: true, make: int32, read: (view, at, little) => view.getInt16(at, little) }],
  ["i4", { bytes: 4, integer: true, make: int32, read: (view, at, little) => view.getInt32(at, little) }],
  ["i8", { bytes: 8, integer: true, make: float64, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
  ["u1", { bytes: 1, integer: true, make: int32, read: (view, at) => view.getUint8(at) }],
  ["u2", { bytes: 2, integer: true, make: int32, read: (view, at, little) => view.getUint16(at, little) }],
  ["u4", { bytes: 4, integer: true, make: float64, read: (view, at, little) => view.getUint32(at, little) }],
  ["u8", { bytes: 8, integer: true, make: float64, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
  ["f2", { bytes: 2, integer: false, make: float32, read: (view, at, little) => half(view.getUint16(at, little)) }],
  ["f4", { bytes: 4, integer: false, make: float32, read: (view, at, little) => view.getFloat32(at, little) }],
  ["f8", { bytes: 8, integer: false, make: float64, read: (view, at, little) => view.getFloat64(at, little) }],
]);

/** NumPy's own are a few hundred bytes. */
const longestHeader = 2 ** 16;

export function readNpy(bytes: Uint8Array): Read {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== magic) return bad("it does not begin like an NPY file");
  const major = view.getUint8(6);
  if (major < 1 || major > 3) return bad(`its format version ${major}.${view.getUint8(7)} is not known`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) return bad("it ends inside its header");
  const data = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < data) return bad("it ends inside its header");
  if (data > longestHeader) return bad(`its header is longer than ${longestHeader} bytes`);

  const header = parseHeader(latin1(bytes.subarray(start, data)));
  if (header === undefined) return bad("its header is not one of a plain array");
  const type = elementTypes.get(header.kind);
  if (type === undefined) {
    return bad(`its numbers are of type ${header.kind}, not one of ${[...elementTypes.keys()].join(", ")}`);
  }
  const count = header.shape.reduce((product, size) => product * size, 1);
  const there = bytes.length - data;
  // Checked before anything is allocated: a header may claim any size.
  if (count * type.bytes !== there) {
    return bad(`its header promises ${count * type.bytes} bytes of numbers, and it has ${there}`);
  }
  const values = type.make(count);
  const order = header.fortran ? columnMajor(header.shape) : undefined;
  for (let place = 0; place < count; place++) {
    const source = order === undefined ? place : order(place);
    values[place] = type.read(view, data + source * type.bytes, header.little);
  }
  return { ok: true, numbers: { shape: header.shape, integer: type.integer, values } };
}

interface Header {
  readonly kind: string;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a Python dict of exactly three members, in any order, padded with spaces. */
function parseHeader(text: string): Header | undefined {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) return undefined;
  const member = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d\sL,]*\))\s*(?:,|$)/y;
  const members = new Map<string, string>();
  let end = 0;
  for (let found = member.exec(body); found !== null; found = member.exec(body)) {
    const [, , key, value] = found;
    if (key === undefined || value === undefined || members.has(key)) return undefined;
    members.set(key, value);
    end = member.lastIndex;
    if (end === body.length) break;
  }
  if (body.slice(end).trim() !== "") return undefined;

  const descr = /^['"]([<>|=]?)([a-zA-Z]\d+)['"]$/.exec(members.get("descr") ?? "");
  const order = members.get("fortran_order");
  const tuple = /^\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?\s*)?)\)$/.exec(members.get("shape") ?? "")?.[1];
  if (descr?.[2] === undefined || (order !== "True" && order !== "False") || tuple === undefined) return undefined;
  const sizes = tuple.split(",").filter((size) => size.trim() !== "");
  const shape = sizes.map((size) => Number.parseInt(size, 10));
  if (!shape.every(Number.isSafeInteger)) return undefined;
  return { kind: descr[2], little: descr[1] !== ">", fortran: order === "True", shape };
}

/** The place in column-major order of the element at each place in row-major order. */
function columnMajor(shape: readonly number[]): (place: number) => number {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  return (place) => {
    let rest = place;
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      source += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    return source;
  };
}

/** A version 1.0 file of float32, row-major, its data aligned to 64 bytes. */
export function writeNpy(shape: readonly number[], values: Float32Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const members = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const size = Math.ceil((10 + members.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10);
  head.write(magic, 0, "latin1");
  head.writeUInt8(1, 6);
  head.writeUInt16LE(size, 8);
  const numbers = Buffer.alloc(values.length * 4);
  for (const [place, value] of values.entries()) numbers.writeFloatLE(value, place * 4);
  return Buffer.concat([head, Buffer.from(`${members.padEnd(size - 1)}\n`, "latin1"), numbers]);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function bad(message: string): Read {
  return { ok: false, message };
}
