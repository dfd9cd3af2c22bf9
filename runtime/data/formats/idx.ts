/** IDX files of bytes (http://yann.lecun.com/exdb/mnist), gzipped or not: a reader that accepts exactly what the header says. */

import { gunzipSync } from "node:zlib";
import { elementCount } from "../../tensors/array.js";

export type IdxResult =
  | { readonly ok: true; readonly shape: readonly number[]; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly message: string };

/** No file of images is larger, unpacked: a small file must not unpack to fill the memory. */
const MAX_BYTES = 2 ** 31 - 1;

const elementTypes: Readonly<Record<number, string>> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

/** A message is what follows "the file cannot be read: ". */
export function readIdx(file: Uint8Array): IdxResult {
  const contents = isGzipped(file) ? gunzip(file) : file;
  if (typeof contents === "string") return { ok: false, message: contents };
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
  if (contents.length < 4 || view.getUint16(0) !== 0)
    return { ok: false, message: "it does not begin like an IDX file" };
  const type = elementTypes[view.getUint8(2)];
  if (type === undefined) return { ok: false, message: "it does not begin like an IDX file" };
  if (type !== "unsigned bytes") return { ok: false, message: `its numbers are ${type}, not unsigned bytes` };
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (contents.length < start) return { ok: false, message: "it ends inside its header" };
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expectedBytes = elementCount(shape);
  const actualBytes = contents.length - start;
  if (expectedBytes !== actualBytes) {
    return { ok: false, message: `its header promises ${expectedBytes} bytes of numbers, and it has ${actualBytes}` };
  }
  return { ok: true, shape, bytes: contents.subarray(start) };
}

function isGzipped(file: Uint8Array): boolean {
  return file[0] === 0x1f && file[1] === 0x8b;
}

/** The contents, or why there are none. */
function gunzip(file: Uint8Array): Uint8Array | string {
  try {
    return gunzipSync(file, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ERR_BUFFER_TOO_LARGE") return `it unpacks to more than ${MAX_BYTES} bytes`;
    return error.code === "Z_BUF_ERROR" ? "its gzip data ends early" : "its gzip data is damaged";
  }
}
