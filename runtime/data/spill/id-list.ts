/** Long lists of ids, packed into 1, 2 or 4 bytes each, that spill to a file beyond a memory limit. */
import { CHUNK_LENGTH, type ChunkStore, chunkRanges, MEMORY_LIMIT, openChunkStore } from "./spill-store.js";

export interface IdList {
  readonly length: number;
  /** Copies the ids from index `from` up to `to` into `target`, starting at `offset`. */
  copy(target: Int32Array, offset: number, from: number, to: number): void;
  /** The ids from index `from` up to `to` in chunks; a chunk is valid until the next one. */
  chunks(from: number, to: number): Iterable<Int32Array>;
  /** The same list with each id replaced by its entry in a table. */
  mapIds(table: Int32Array): IdList;
}

export interface IdCollector {
  push(id: number): void;
  /** Ends the list: no id can be pushed afterwards. */
  finish(): IdList;
}

export function collectIds(memoryLimit = MEMORY_LIMIT): IdCollector {
  const store = openChunkStore(memoryLimit);
  let buffer = new Int32Array(1024);
  let [filled, largest, flushed] = [0, 0, 0];
  const flush = () => {
    if (filled === 0) return;
    store.append(pack(buffer.subarray(0, filled), largest));
    flushed += filled;
    [filled, largest] = [0, 0];
  };
  return {
    push(id) {
      if (filled === buffer.length) {
        if (filled === CHUNK_LENGTH) flush();
        else {
          const larger = new Int32Array(Math.min(buffer.length * 4, CHUNK_LENGTH));
          larger.set(buffer);
          buffer = larger;
        }
      }
      buffer[filled++] = id;
      if (id > largest) largest = id;
    },
    finish() {
      flush();
      return createIdList(store, flushed, undefined);
    },
  };
}

/** All ids of a list. */
export function toArray(ids: IdList): Int32Array {
  const array = new Int32Array(ids.length);
  ids.copy(array, 0, 0, ids.length);
  return array;
}

export function idAt(ids: IdList, index: number): number {
  const buffer = new Int32Array(1);
  ids.copy(buffer, 0, index, index + 1);
  return buffer[0] ?? 0;
}

function pack(ids: Int32Array, largest: number) {
  if (largest < 2 ** 8) return Uint8Array.from(ids);
  return largest < 2 ** 16 ? Uint16Array.from(ids) : ids.slice();
}

function createIdList(store: ChunkStore, length: number, table: Int32Array | undefined): IdList {
  const list: IdList = {
    length,
    copy(target, offset, from, to) {
      for (const { chunk, start, end, index } of chunkRanges(from, to)) {
        const ids = store.slice(chunk, start, end);
        const targetStart = offset + index - from;
        if (table === undefined) target.set(ids, targetStart);
        else for (let next = 0; next < ids.length; next++) target[targetStart + next] = table[ids[next] ?? 0] ?? 0;
      }
    },
    *chunks(from, to) {
      const buffer = new Int32Array(Math.min(CHUNK_LENGTH, to - from));
      for (let index = from; index < to; index += buffer.length) {
        const count = Math.min(buffer.length, to - index);
        list.copy(buffer, 0, index, index + count);
        yield buffer.subarray(0, count);
      }
    },
    mapIds: (next) => createIdList(store, length, table === undefined ? next : table.map((id) => next[id] ?? 0)),
  };
  return list;
}
