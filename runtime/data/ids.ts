/**
 * The ids of a long series, in as few bytes each as they need; beyond a bound they lie in a file, and are read where they are
 * asked for. A text of gigabytes so takes no more memory than a small one.
 */
import { MEMORY, openStore, PIECE, type Store, stretches } from "./store.js";

export interface IdList {
  readonly length: number;
  /** Copies the ids from one place to another into `target`, from its place `at` on. */
  copy(target: Int32Array, at: number, from: number, to: number): void;
  /** The ids from one place to another, a piece at a time; a piece is only good until the next. */
  pieces(from: number, to: number): Iterable<Int32Array>;
  /** The same list with each id replaced by its entry in a table. */
  mapped(table: Int32Array): IdList;
}

export interface IdCollector {
  push(id: number): void;
  /** Nothing can be pushed after it. */
  finish(): IdList;
}

export function collectIds(memory = MEMORY): IdCollector {
  const store = openStore(memory);
  let buffer = new Int32Array(1024);
  let [filled, largest, before] = [0, 0, 0];
  const flush = () => {
    if (filled === 0) return;
    store.append(pack(buffer.subarray(0, filled), largest));
    before += filled;
    [filled, largest] = [0, 0];
  };
  return {
    push(id) {
      if (filled === buffer.length) {
        if (filled === PIECE) flush();
        else {
          const larger = new Int32Array(Math.min(buffer.length * 4, PIECE));
          larger.set(buffer);
          buffer = larger;
        }
      }
      buffer[filled++] = id;
      if (id > largest) largest = id;
    },
    finish() {
      flush();
      return listOf(store, before, undefined);
    },
  };
}

/** All ids of a list. */
export function arrayOf(ids: IdList): Int32Array {
  const array = new Int32Array(ids.length);
  ids.copy(array, 0, 0, ids.length);
  return array;
}

export function idAt(ids: IdList, place: number): number {
  const one = new Int32Array(1);
  ids.copy(one, 0, place, place + 1);
  return one[0] ?? 0;
}

function pack(ids: Int32Array, largest: number) {
  if (largest < 2 ** 8) return Uint8Array.from(ids);
  return largest < 2 ** 16 ? Uint16Array.from(ids) : ids.slice();
}

function listOf(store: Store, length: number, table: Int32Array | undefined): IdList {
  const list: IdList = {
    length,
    copy(target, at, from, to) {
      for (const { piece, start, end, place } of stretches(from, to)) {
        const ids = store.part(piece, start, end);
        const first = at + place - from;
        if (table === undefined) target.set(ids, first);
        else for (let next = 0; next < ids.length; next++) target[first + next] = table[ids[next] ?? 0] ?? 0;
      }
    },
    *pieces(from, to) {
      const buffer = new Int32Array(Math.min(PIECE, to - from));
      for (let place = from; place < to; place += buffer.length) {
        const count = Math.min(buffer.length, to - place);
        list.copy(buffer, 0, place, place + count);
        yield buffer.subarray(0, count);
      }
    },
    mapped: (next) => listOf(store, length, table === undefined ? next : table.map((id) => next[id] ?? 0)),
  };
  return list;
}
