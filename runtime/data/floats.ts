/** A long series of floating-point numbers, beyond a bound in a file: a table of gigabytes takes no more memory than a small one. */
import { MEMORY, openStore, PIECE, stretches } from "./store.js";
import { copyNumbers, type FloatList } from "./windows.js";

type Floats = Float32Array | Float64Array;

export interface FloatCollector<T extends Floats> {
  push(value: number): void;
  /** Nothing can be pushed after it. */
  finish(): FloatList<T>;
}

export const collectFloats = {
  float32: (memory?: number) => collect((length) => new Float32Array(length), memory),
  float64: (memory?: number) => collect((length) => new Float64Array(length), memory),
};

function collect<T extends Floats>(make: (length: number) => T, memory = MEMORY): FloatCollector<T> {
  const store = openStore(memory);
  let buffer = make(1024);
  let [filled, before] = [0, 0];
  const flush = () => {
    store.append(buffer.slice(0, filled));
    before += filled;
    filled = 0;
  };
  // What a store gives back is of the kind that was put in.
  const part = (piece: number, start: number, end: number) => store.part(piece, start, end) as T;
  return {
    push(value) {
      if (filled === buffer.length) {
        if (filled === PIECE) flush();
        else {
          const larger = make(Math.min(buffer.length * 4, PIECE));
          larger.set(buffer);
          buffer = larger;
        }
      }
      buffer[filled++] = value;
    },
    finish() {
      flush();
      buffer = make(0);
      const length = before;
      const held = length <= PIECE ? (store.held(0) as T | undefined) : undefined;
      return {
        length,
        copy(target, at, from, to) {
          if (held !== undefined) return copyNumbers(target, at, held, from, to);
          for (const { piece, start, end, place } of stretches(from, to))
            target.set(part(piece, start, end), at + place - from);
        },
        *pieces() {
          for (const { piece, start, end } of stretches(0, length)) yield part(piece, start, end);
        },
      };
    },
  };
}
