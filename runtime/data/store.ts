/** Pieces of numbers: in memory up to a bound, beyond it in a file without a name, and read from there where they are asked for. */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Packed = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

export interface Store {
  /** Keeps a piece, which must not change any more. Pieces count from 0. */
  append(piece: Packed): void;
  /** The numbers of a piece from one place in it to another. */
  part(piece: number, from: number, to: number): Packed;
  /** A piece that lies in memory, whole. */
  held(piece: number): Packed | undefined;
}

/** Numbers of a piece, so that all but the last of a list are of one size. */
export const PIECE = 2 ** 20;

/** Bytes that a store may take in memory. */
export const MEMORY = 256 * 2 ** 20;

/** The bytes of a piece in the file, and what they are made into. */
interface Filed {
  readonly start: number;
  readonly width: number;
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => Packed;
}

export function openStore(memory: number): Store {
  const pieces: (Packed | Filed)[] = [];
  let kept = 0;
  let spill: Spill | undefined;
  return {
    append(piece) {
      if (kept + piece.byteLength <= memory) {
        kept += piece.byteLength;
        pieces.push(piece);
        return;
      }
      spill ??= openSpill();
      pieces.push({ start: spill.append(piece), width: piece.BYTES_PER_ELEMENT, read: readerOf(piece) });
    },
    held(index) {
      const piece = pieces[index];
      return piece === undefined || "start" in piece ? undefined : piece;
    },
    part(index, from, to) {
      const piece = pieces[index];
      if (piece === undefined || to > PIECE) throw new RangeError("There are no numbers at such a place.");
      if (!("start" in piece)) return piece.subarray(from, to);
      const bytes = new Uint8Array((to - from) * piece.width);
      spill?.read(bytes, piece.start + from * piece.width);
      return piece.read(bytes);
    },
  };
}

function readerOf(piece: Packed): Filed["read"] {
  if (piece instanceof Uint8Array) return (bytes) => bytes;
  if (piece instanceof Uint16Array) return ({ buffer }) => new Uint16Array(buffer);
  if (piece instanceof Int32Array) return ({ buffer }) => new Int32Array(buffer);
  if (piece instanceof Float32Array) return ({ buffer }) => new Float32Array(buffer);
  return ({ buffer }) => new Float64Array(buffer);
}

/** A stretch of a list as it lies in its pieces: the piece, places in it, and the place in the list. */
export function* stretches(from: number, to: number) {
  for (let place = from; place < to; ) {
    const piece = Math.floor(place / PIECE);
    const start = place - piece * PIECE;
    const end = Math.min(start + to - place, PIECE);
    yield { piece, start, end, place };
    place += end - start;
  }
}

/** A file without a name, which ends with the process. */
interface Spill {
  /** Where the bytes were written. */
  append(packed: Packed): number;
  read(target: Uint8Array, start: number): void;
}

function openSpill(): Spill {
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
