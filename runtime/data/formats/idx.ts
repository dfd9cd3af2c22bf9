/**
 * A reader of IDX files of unsigned bytes (http://yann.lecun.com/exdb/mnist), plain or gzipped; sizes must match the
 * header.
 */
import { gunzipSync } from "node:zlib";
import { fail, ok, type Result } from "../../result.js";
import { elementCount } from "../../tensors/array.js";

export type IdxResult = Result<{ readonly shape: readonly number[]; readonly bytes: Uint8Array }, string>;

/** Limit after decompression: a small file must not fill the memory. */
const MAX_BYTES = 2 ** 31 - 1;

const elementTypes: Readonly<Record<number, string>> = {
  8: "unsigned bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

/** An error continues the sentence "the file cannot be read: ". */
export function readIdx(file: Uint8Array): IdxResult {
  const unpacked = isGzipped(file) ? gunzip(file) : ok(file);
  if (!unpacked.ok) return unpacked;
  const contents = unpacked.value;
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
  if (contents.length < 4 || view.getUint16(0) !== 0) return fail("it is not an IDX file");
  const type = elementTypes[view.getUint8(2)];
  if (type === undefined) return fail("it is not an IDX file");
  if (type !== "unsigned bytes") return fail(`its elements are ${type}, not unsigned bytes`);
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (contents.length < start) return fail("it ends inside its header");
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expectedBytes = elementCount(shape);
  const actualBytes = contents.length - start;
  if (expectedBytes !== actualBytes) {
    return fail(`its header declares ${expectedBytes} bytes of data, but it has ${actualBytes}`);
  }
  return ok({ shape, bytes: contents.subarray(start) });
}

function isGzipped(file: Uint8Array): boolean {
  return file[0] === 0x1f && file[1] === 0x8b;
}

/** The decompressed contents, or the reason why they cannot be read. */
function gunzip(file: Uint8Array): Result<Uint8Array, string> {
  try {
    return ok(gunzipSync(file, { maxOutputLength: MAX_BYTES }));
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ERR_BUFFER_TOO_LARGE") return fail(`it decompresses to more than ${MAX_BYTES} bytes`);
    return fail(error.code === "Z_BUF_ERROR" ? "its gzip data ends early" : "its gzip data is damaged");
  }
}
