/** Ranks that are threads of one process: what they do together goes through memory that they share. */
import type { Ranks } from "./ranks.js";

/** Numbers at the head of the shared memory. */
const [ARRIVED, ROUND, ENDED] = [0, 1, 2];
const HEAD = 64;

/** Bytes of each rank's place, of which there are two: while one is read, the other may be written. */
const PLACE = 2 ** 20;

/** Milliseconds of asking again at once before a thread sleeps: it may have to wait for one that has no core. */
const eager = 0.05;

/** What the threads of a training meet in. */
export function openMeeting(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD + 2 * size * PLACE);
}

/** Wakes all threads that wait for others, which will not come. */
export function endMeeting(meeting: SharedArrayBuffer): void {
  const head = new Int32Array(meeting, 0, HEAD / Int32Array.BYTES_PER_ELEMENT);
  Atomics.store(head, ENDED, 1);
  Atomics.notify(head, ROUND);
}

/** @param meeting the same for all threads. */
export function threadRanks(meeting: SharedArrayBuffer, rank: number, size: number): Ranks {
  const head = new Int32Array(meeting, 0, HEAD / Int32Array.BYTES_PER_ELEMENT);
  let turn = 0;
  let summing = 0;

  /** Returns when all ranks have come here. */
  const meet = () => {
    const round = Atomics.load(head, ROUND);
    if (Atomics.add(head, ARRIVED, 1) + 1 === size) {
      Atomics.store(head, ARRIVED, 0);
      Atomics.add(head, ROUND, 1);
      Atomics.notify(head, ROUND);
    } else {
      const before = performance.now();
      while (Atomics.load(head, ROUND) === round) {
        if (Atomics.load(head, ENDED) !== 0) throw new Error("Another rank of this training has ended.");
        if (performance.now() - before > eager) Atomics.wait(head, ROUND, round, 100);
      }
    }
  };
  /** Where a rank's bytes lie in the next turn. */
  const placeOf = (one: number) => HEAD + ((turn % 2) * size + one) * PLACE;

  /** The shared memory from a place on, as numbers like those of a part. */
  const numbersAt = (place: number, part: Float32Array | Float64Array) =>
    part instanceof Float32Array
      ? new Float32Array(meeting, place, part.length)
      : new Float64Array(meeting, place, part.length);

  return {
    rank,
    size,
    sum(values) {
      const before = performance.now();
      const most = PLACE / values.BYTES_PER_ELEMENT;
      for (let start = 0; start < values.length; start += most) {
        const part = values.subarray(start, start + most);
        numbersAt(placeOf(rank), part).set(part);
        meet();
        // Each rank adds up a share of the entries, always in the order of the ranks.
        const sums = numbersAt(placeOf(0), part);
        const share = Math.ceil(part.length / size);
        const end = Math.min(part.length, (rank + 1) * share);
        for (let other = 1; other < size; other++) {
          const terms = numbersAt(placeOf(other), part);
          for (let entry = rank * share; entry < end; entry++) sums[entry] = (sums[entry] ?? 0) + (terms[entry] ?? 0);
        }
        meet();
        part.set(sums);
        turn++;
      }
      summing += performance.now() - before;
    },
    broadcast(bytes) {
      for (let start = 0; start < bytes.length; start += PLACE) {
        const part = bytes.subarray(start, start + PLACE);
        const place = new Uint8Array(meeting, placeOf(0), part.length);
        if (rank === 0) place.set(part);
        meet();
        if (rank !== 0) part.set(place);
        turn++;
      }
    },
    summing: () => summing,
    leave: meet,
    abort: () => endMeeting(meeting),
  };
}
