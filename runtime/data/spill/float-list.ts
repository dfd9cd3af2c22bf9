/** Long lists of floating-point numbers that spill to a file beyond a memory limit. */
import { copyNumbers, type FloatList } from "../batching/windows.js";
import { CHUNK_LENGTH, chunkRanges, MEMORY_LIMIT, openChunkStore } from "./spill-store.js";

type FloatArray = Float32Array | Float64Array;

export interface FloatCollector<T extends FloatArray> {
  push(value: number): void;
  /** Ends the list: no value can be pushed afterwards. */
  finish(): FloatList<T>;
}

export const collectFloats = {
  float32: (memoryLimit?: number) => collect((length) => new Float32Array(length), memoryLimit),
  float64: (memoryLimit?: number) => collect((length) => new Float64Array(length), memoryLimit),
};

function collect<T extends FloatArray>(allocate: (length: number) => T, memoryLimit = MEMORY_LIMIT): FloatCollector<T> {
  const store = openChunkStore(memoryLimit);
  let buffer = allocate(1024);
  let [filled, flushed] = [0, 0];
  const flush = () => {
    store.append(buffer.slice(0, filled));
    flushed += filled;
    filled = 0;
  };
  // A store returns chunks in the element type in which they were appended.
  const readChunk = (chunk: number, start: number, end: number) => store.slice(chunk, start, end) as T;
  return {
    push(value) {
      if (filled === buffer.length) {
        if (filled === CHUNK_LENGTH) flush();
        else {
          const larger = allocate(Math.min(buffer.length * 4, CHUNK_LENGTH));
          larger.set(buffer);
          buffer = larger;
        }
      }
      buffer[filled++] = value;
    },
    finish() {
      flush();
      buffer = allocate(0);
      const length = flushed;
      const inMemory = length <= CHUNK_LENGTH ? (store.inMemory(0) as T | undefined) : undefined;
      return {
        length,
        copy(target, offset, from, to) {
          if (inMemory !== undefined) return copyNumbers(target, offset, inMemory, from, to);
          for (const { chunk, start, end, index } of chunkRanges(from, to))
            target.set(readChunk(chunk, start, end), offset + index - from);
        },
        *chunks() {
          for (const { chunk, start, end } of chunkRanges(0, length)) yield readChunk(chunk, start, end);
        },
      };
    },
  };
}
