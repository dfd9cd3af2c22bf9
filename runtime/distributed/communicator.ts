/** The processes of a training that several share, each with its rank: what they can do together. */

export interface Communicator {
  readonly rank: number;
  readonly size: number;
  /** Adds up, entry by entry, over all ranks, in place. */
  allReduce(values: Float32Array | Float64Array): void;
  /** Makes everyone's bytes those of rank 0. */
  broadcast(bytes: Uint8Array): void;
  /** Milliseconds that this rank has spent in `sum` so far, waiting for the others among them. */
  allReduceTime(): number;
  /** Leaves; nothing can be done together afterwards. */
  finalize(): void;
  /** Ends all ranks at once. */
  abort(code: number): void;
}

/** Rank 0's value, as JSON, at all ranks. */
export function broadcastJson<T>(communicator: Communicator, value: T): T {
  const bytes = communicator.rank === 0 ? Buffer.from(JSON.stringify(value)) : Buffer.alloc(0);
  const length = Float64Array.of(bytes.length);
  communicator.broadcast(bytesOf(length));
  const received = communicator.rank === 0 ? bytes : Buffer.alloc(length[0] ?? 0);
  communicator.broadcast(received);
  return communicator.rank === 0 ? value : JSON.parse(received.toString());
}

/** Every rank's value, as JSON, at all ranks in their order. */
export function allGather<T>(communicator: Communicator, value: T): readonly T[] {
  const bytes = Buffer.from(JSON.stringify(value));
  const lengths = new Float64Array(communicator.size);
  lengths[communicator.rank] = bytes.length;
  communicator.allReduce(lengths);
  const ends: number[] = [];
  for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
  const packed = new Float64Array(ends.at(-1) ?? 0);
  packed.set(bytes, (ends[communicator.rank] ?? 0) - bytes.length);
  communicator.allReduce(packed);
  return ends.map((end, rank) => JSON.parse(Buffer.from(packed.subarray(end - (lengths[rank] ?? 0), end)).toString()));
}

/** The bytes of an array, which share its memory. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
