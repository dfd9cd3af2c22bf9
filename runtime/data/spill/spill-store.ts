/** Chunks of numbers in memory up to a limit, beyond it in an unlinked temporary file. */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type PackedArray = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

export interface ChunkStore {
  /** Appends a chunk, which must not change afterwards. Chunks are numbered from 0. */
  append(chunk: PackedArray): void;
  /** The numbers of a chunk from index `from` up to `to`. */
  slice(chunk: number, from: number, to: number): PackedArray;
  /** A whole chunk, if it is in memory. */
  inMemory(chunk: number): PackedArray | undefined;
}

/** Numbers in every chunk of a list but the last. */
export const CHUNK_LENGTH = 2 ** 20;

/** Bytes of memory that a store may use. */
export const MEMORY_LIMIT = 256 * 2 ** 20;

/** The location of a chunk in the file, and the decoder of its bytes. */
interface SpilledChunk {
  readonly start: number;
  readonly width: number;
  readonly decode: (bytes: Uint8Array<ArrayBuffer>) => PackedArray;
}

export function openChunkStore(memoryLimit: number): ChunkStore {
  const chunks: (PackedArray | SpilledChunk)[] = [];
  let memoryUsed = 0;
  let spill: SpillFile | undefined;
  return {
    append(chunk) {
      if (memoryUsed + chunk.byteLength <= memoryLimit) {
        memoryUsed += chunk.byteLength;
        chunks.push(chunk);
        return;
      }
      spill ??= openSpillFile();
      chunks.push({ start: spill.append(chunk), width: chunk.BYTES_PER_ELEMENT, decode: decoderOf(chunk) });
    },
    inMemory(index) {
      const chunk = chunks[index];
      return chunk === undefined || "start" in chunk ? undefined : chunk;
    },
    slice(index, from, to) {
      const chunk = chunks[index];
      if (chunk === undefined || to > CHUNK_LENGTH) throw new RangeError("The range is outside of the chunk.");
      if (!("start" in chunk)) return chunk.subarray(from, to);
      const bytes = new Uint8Array((to - from) * chunk.width);
      spill?.read(bytes, chunk.start + from * chunk.width);
      return chunk.decode(bytes);
    },
  };
}

function decoderOf(chunk: PackedArray): SpilledChunk["decode"] {
  if (chunk instanceof Uint8Array) return (bytes) => bytes;
  if (chunk instanceof Uint16Array) return ({ buffer }) => new Uint16Array(buffer);
  if (chunk instanceof Int32Array) return ({ buffer }) => new Int32Array(buffer);
  if (chunk instanceof Float32Array) return ({ buffer }) => new Float32Array(buffer);
  return ({ buffer }) => new Float64Array(buffer);
}

/** The chunks of a list's range: for each the chunk, the range in it, and the index in the list. */
export function* chunkRanges(from: number, to: number) {
  for (let index = from; index < to; ) {
    const chunk = Math.floor(index / CHUNK_LENGTH);
    const start = index - chunk * CHUNK_LENGTH;
    const end = Math.min(start + to - index, CHUNK_LENGTH);
    yield { chunk, start, end, index };
    index += end - start;
  }
}

/** A temporary file that is deleted when the process ends. */
interface SpillFile {
  /** Returns the offset of the bytes in the file. */
  append(packed: PackedArray): number;
  read(target: Uint8Array, start: number): void;
}

function openSpillFile(): SpillFile {
  const name = join(tmpdir(), `rnnx-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}.numbers`);
  const file = openSync(name, "wx+", 0o600);
  const remove = () => rmSync(name, { force: true });
  try {
    remove();
  } catch {
    // Windows cannot remove an open file: remove it at exit.
    process.once("exit", () => {
      closeSync(file);
      remove();
    });
  }
  let end = 0;
  return {
    append(packed) {
      const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
      const start = end;
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, start + done);
      end += bytes.length;
      return start;
    },
    read(target, start) {
      for (let done = 0; done < target.length; ) {
        const count = readSync(file, target, done, target.length - done, start + done);
        if (count === 0) throw new Error("The spill file ends too early.");
        done += count;
      }
    },
  };
}
