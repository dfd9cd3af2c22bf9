/**
 * A reader of IDX files of unsigned bytes (http://yann.lecun.com/exdb/mnist), plain or gzipped; sizes must match the
 * header.
 */

import { constants, gunzipSync } from "node:zlib";
import { formatInteger } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import { elementCount } from "../../tensors/array.js";

export type IdxResult = Result<{ readonly shape: readonly number[]; readonly bytes: Uint8Array }, string>;

/** Limit after decompression. */
const MAX_BYTES = 2 ** 31 - 1;
/** Compressed bytes that contain the header. */
const HEADER_BYTES = 1024;

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
  const isPacked = isGzipped(file);
  const beginning = isPacked ? gunzipBeginning(file) : ok(file);
  if (!beginning.ok) return beginning;
  const header = readHeader(beginning.value);
  if (!header.ok) return header;
  const { shape, start } = header.value;
  const expectedBytes = elementCount(shape);
  // A small file must not fill the memory: no more than the header declares is decompressed.
  const unpacked = isPacked ? gunzip(file, start + expectedBytes) : ok(file);
  if (!unpacked.ok) return unpacked;
  const actualBytes = unpacked.value.length - start;
  if (expectedBytes !== actualBytes) {
    return fail(
      `its header declares ${formatInteger(expectedBytes)} bytes of data, but it has ${formatInteger(actualBytes)}`,
    );
  }
  return ok({ shape, bytes: unpacked.value.subarray(start) });
}

function readHeader(
  contents: Uint8Array,
): Result<{ readonly shape: readonly number[]; readonly start: number }, string> {
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
  if (contents.length < 4 || view.getUint16(0) !== 0) return fail("it is not an IDX file");
  const type = elementTypes[view.getUint8(2)];
  if (type === undefined) return fail("it is not an IDX file");
  if (type !== "unsigned bytes") return fail(`its elements are ${type}, not unsigned bytes`);
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (contents.length < start) return fail("it ends inside its header");
  return ok({ shape: Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis)), start });
}

function isGzipped(file: Uint8Array): boolean {
  return file[0] === 0x1f && file[1] === 0x8b;
}

/** The first decompressed bytes; an end within the compressed ones is none of the file. */
function gunzipBeginning(file: Uint8Array): Result<Uint8Array, string> {
  if (file.length <= HEADER_BYTES) return gunzip(file, MAX_BYTES);
  return decompress(() => gunzipSync(file.subarray(0, HEADER_BYTES), { finishFlush: constants.Z_SYNC_FLUSH }));
}

function gunzip(file: Uint8Array, expectedBytes: number): Result<Uint8Array, string> {
  const maxOutputLength = Math.max(1, Math.min(expectedBytes, MAX_BYTES));
  return decompress(() => gunzipSync(file, { maxOutputLength }), maxOutputLength);
}

/** The decompressed contents, or the reason why they cannot be read. */
function decompress(unpack: () => Uint8Array, limit = MAX_BYTES): Result<Uint8Array, string> {
  try {
    return ok(unpack());
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ERR_BUFFER_TOO_LARGE")
      return fail(
        limit === MAX_BYTES
          ? `it decompresses to more than ${formatInteger(limit)} bytes`
          : `its header declares ${formatInteger(limit)} bytes with the header, and it decompresses to more`,
      );
    return fail(error.code === "Z_BUF_ERROR" ? "its gzip data ends early" : "its gzip data is damaged");
  }
}
