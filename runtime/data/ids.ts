/**
 * The ids of a long series, in as few bytes each as they need; beyond a bound they lie in a file, and are read where they are
 * asked for. A text of gigabytes so takes no more memory than a small one.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

type Packed = Uint8Array | Uint16Array | Int32Array;
type Width = Packed["BYTES_PER_ELEMENT"];

/** Ids of a piece, all but the last piece full: in memory, or in the file from a byte on. */
type Piece = Packed | { readonly width: Width; readonly start: number };

const PIECE = 2 ** 20;

/** Bytes that a list may take in memory. */
const MEMORY = 256 * 2 ** 20;

export function collectIds(memory = MEMORY): IdCollector {
  const pieces: Piece[] = [];
  let buffer = new Int32Array(1024);
  let [filled, largest, kept] = [0, 0, 0];
  let spill: Spill | undefined;
  const flush = () => {
    if (filled === 0) return;
    const packed = pack(buffer.subarray(0, filled), largest);
    if (kept + packed.byteLength > memory) {
      spill ??= openSpill();
      pieces.push({ width: packed.BYTES_PER_ELEMENT, start: spill.append(packed) });
    } else {
      kept += packed.byteLength;
      pieces.push(packed);
    }
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
      const length = pieces.length * PIECE + filled;
      flush();
      return listOf(pieces, length, spill, undefined);
    },
  };
}

/** All ids of a list. */
export function arrayOf(ids: IdList): Int32Array {
  const array = new Int32Array(ids.length);
  ids.copy(array, 0, 0, ids.length);
  return array;
}

function pack(ids: Int32Array, largest: number): Packed {
  if (largest < 2 ** 8) return Uint8Array.from(ids);
  return largest < 2 ** 16 ? Uint16Array.from(ids) : ids.slice();
}

function listOf(
  pieces: readonly Piece[],
  length: number,
  spill: Spill | undefined,
  table: Int32Array | undefined,
): IdList {
  /** The packed ids of one piece, from a place in it to another. */
  const part = (index: number, from: number, to: number): Packed => {
    const piece = pieces[index];
    if (piece === undefined || to > PIECE) throw new RangeError("There are no ids at such a place.");
    return "start" in piece ? read(spill, piece, from, to) : piece.subarray(from, to);
  };
  const list: IdList = {
    length,
    copy(target, at, from, to) {
      for (let place = from; place < to; ) {
        const index = Math.floor(place / PIECE);
        const start = place - index * PIECE;
        const count = Math.min(to - place, PIECE - start);
        const ids = part(index, start, start + count);
        const first = at + place - from;
        if (table === undefined) target.set(ids, first);
        else for (let next = 0; next < count; next++) target[first + next] = table[ids[next] ?? 0] ?? 0;
        place += count;
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
    mapped: (next) => listOf(pieces, length, spill, table === undefined ? next : table.map((id) => next[id] ?? 0)),
  };
  return list;
}

function read(spill: Spill | undefined, { width, start }: Exclude<Piece, Packed>, from: number, to: number): Packed {
  if (spill === undefined) throw new Error("ids in a file that was not opened");
  const bytes = new Uint8Array((to - from) * width);
  spill.read(bytes, start + from * width);
  if (width === 1) return bytes;
  return width === 2 ? new Uint16Array(bytes.buffer) : new Int32Array(bytes.buffer);
}

/** A file without a name, which ends with the process. */
interface Spill {
  /** Where the bytes were written. */
  append(packed: Packed): number;
  read(target: Uint8Array, start: number): void;
}

function openSpill(): Spill {
  const name = join(tmpdir(), `rnnx-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}.ids`);
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
        if (count === 0) throw new Error("The file of a text's ids ends too early.");
        done += count;
      }
    },
  };
}
