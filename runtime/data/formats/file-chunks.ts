/** The bytes of a file in chunks; a gzip file is decompressed while it is read. */
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** Thrown for a gzip file that cannot be decompressed, or should not be. */
export class GunzipError extends Error {
  constructor(
    /** Continues the sentence "the file cannot be read: ". */
    readonly reason: string,
    readonly hint: string,
  ) {
    super(reason);
  }
}

/** A file that decompresses to more than both, in bytes and as a multiple of its size, is refused: it would fill the memory. */
const [MAX_BYTES, MAX_RATIO] = [2 ** 28, 100];

export async function* readFileChunks(path: string, maxBytes = MAX_BYTES): AsyncGenerator<Buffer> {
  if (!isGzip(path)) {
    for await (const chunk of createReadStream(path)) yield chunk;
    return;
  }
  const file = createReadStream(path);
  // Errors of both streams are thrown by the iteration.
  const unpacked = pipeline(file, createGunzip(), () => undefined);
  let bytes = 0;
  try {
    for await (const chunk of unpacked) {
      bytes += chunk.length;
      if (bytes > maxBytes && bytes > MAX_RATIO * file.bytesRead)
        throw new GunzipError(
          `it decompresses to more than ${MAX_RATIO} times its size`,
          "Decompress it with gunzip if it really is this large.",
        );
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    const reason = code === "Z_BUF_ERROR" ? "its gzip data ends early" : "its gzip data is damaged";
    throw new GunzipError(reason, "Copy the file again.");
  }
}

/** The name of the file without ".gz". */
export function withoutGz(file: string): string {
  return file.replace(/\.gz$/i, "");
}

function isGzip(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const magic = Buffer.alloc(2);
    return readSync(file, magic) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(file);
  }
}
