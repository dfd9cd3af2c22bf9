/** Pieces of numbers: in memory up to a bound, beyond it in a file without a name, and read from there where they are asked for. */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type PackedArray = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

export interface ChunkStore {
  /** Keeps a piece, which must not change any more. Pieces count from 0. */
  append(chunk: PackedArray): void;
  /** The numbers of a piece from one place in it to another. */
  slice(chunk: number, from: number, to: number): PackedArray;
  /** A piece that lies in memory, whole. */
  inMemory(chunk: number): PackedArray | undefined;
}

/** Numbers of a piece, so that all but the last of a list are of one size. */
export const CHUNK_LENGTH = 2 ** 20;

/** Bytes that a store may take in memory. */
export const MEMORY_LIMIT = 256 * 2 ** 20;

/** The bytes of a piece in the file, and what they are made into. */
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
      if (chunk === undefined || to > CHUNK_LENGTH) throw new RangeError("There are no numbers at such a place.");
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

/** A stretch of a list as it lies in its pieces: the piece, places in it, and the place in the list. */
export function* chunkRanges(from: number, to: number) {
  for (let index = from; index < to; ) {
    const chunk = Math.floor(index / CHUNK_LENGTH);
    const start = index - chunk * CHUNK_LENGTH;
    const end = Math.min(start + to - index, CHUNK_LENGTH);
    yield { piece: chunk, start, end, place: index };
    index += end - start;
  }
}

/** A file without a name, which ends with the process. */
interface SpillFile {
  /** Where the bytes were written. */
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
    // Where an open file cannot be removed, it is removed in the end.
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
        if (count === 0) throw new Error("A file of numbers ends too early.");
        done += count;
      }
    },
  };
}
