/** A communicator over shared memory, for ranks that are threads of one process. */
import type { Communicator } from "./communicator.js";

/** Indices in the header of the shared memory. */
const [ARRIVED, ROUND, ENDED] = [0, 1, 2];
const HEADER_BYTES = 64;

/** Bytes of a rank's slot. Each rank has two: one can be written while the other is read. */
const SLOT_BYTES = 2 ** 20;

/** Milliseconds of busy waiting before a thread sleeps: it may wait for a thread without a core. */
const SPIN_MS = 0.05;

/** The shared memory of a communicator. */
export function createSharedMemory(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + 2 * size * SLOT_BYTES);
}

/** Wakes all waiting threads, whose barrier then throws. */
export function wakeRanks(sharedMemory: SharedArrayBuffer): void {
  const header = new Int32Array(sharedMemory, 0, HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT);
  Atomics.store(header, ENDED, 1);
  Atomics.notify(header, ROUND);
}

/** @param sharedMemory shared by all threads. */
export function createThreadCommunicator(sharedMemory: SharedArrayBuffer, rank: number, size: number): Communicator {
  const header = new Int32Array(sharedMemory, 0, HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT);
  let exchangeCount = 0;
  let allReduceTime = 0;

  /** Returns when all ranks have called it. */
  const barrier = () => {
    const round = Atomics.load(header, ROUND);
    if (Atomics.add(header, ARRIVED, 1) + 1 === size) {
      Atomics.store(header, ARRIVED, 0);
      Atomics.add(header, ROUND, 1);
      Atomics.notify(header, ROUND);
    } else {
      const startTime = performance.now();
      while (Atomics.load(header, ROUND) === round) {
        if (Atomics.load(header, ENDED) !== 0) throw new Error("Another rank of this training has ended.");
        if (performance.now() - startTime > SPIN_MS) Atomics.wait(header, ROUND, round, 100);
      }
    }
  };
  /** The offset of a rank's slot in the next exchange. */
  const slotOffset = (rankIndex: number) => HEADER_BYTES + ((exchangeCount % 2) * size + rankIndex) * SLOT_BYTES;

  /** A slot as an array of the type and length of `chunk`. */
  const viewAt = (slot: number, chunk: Float32Array | Float64Array) =>
    chunk instanceof Float32Array
      ? new Float32Array(sharedMemory, slot, chunk.length)
      : new Float64Array(sharedMemory, slot, chunk.length);

  return {
    rank,
    size,
    allReduce(values) {
      const startTime = performance.now();
      const chunkLength = SLOT_BYTES / values.BYTES_PER_ELEMENT;
      for (let start = 0; start < values.length; start += chunkLength) {
        const chunk = values.subarray(start, start + chunkLength);
        viewAt(slotOffset(rank), chunk).set(chunk);
        barrier();
        // Each rank sums a share of the elements, in the order of ranks.
        const sums = viewAt(slotOffset(0), chunk);
        const entriesPerRank = Math.ceil(chunk.length / size);
        const end = Math.min(chunk.length, (rank + 1) * entriesPerRank);
        for (let other = 1; other < size; other++) {
          const terms = viewAt(slotOffset(other), chunk);
          for (let entry = rank * entriesPerRank; entry < end; entry++)
            sums[entry] = (sums[entry] ?? 0) + (terms[entry] ?? 0);
        }
        barrier();
        chunk.set(sums);
        exchangeCount++;
      }
      allReduceTime += performance.now() - startTime;
    },
    broadcast(bytes) {
      for (let start = 0; start < bytes.length; start += SLOT_BYTES) {
        const chunk = bytes.subarray(start, start + SLOT_BYTES);
        const slot = new Uint8Array(sharedMemory, slotOffset(0), chunk.length);
        if (rank === 0) slot.set(chunk);
        barrier();
        if (rank !== 0) chunk.set(slot);
        exchangeCount++;
      }
    },
    allReduceTime: () => allReduceTime,
    finalize: barrier,
    abort: () => wakeRanks(sharedMemory),
  };
}
