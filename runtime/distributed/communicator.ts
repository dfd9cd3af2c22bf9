/** The communicator of a distributed training: collective operations of its ranks, as in MPI. */
export interface Communicator {
  readonly rank: number;
  readonly size: number;
  /** Sums element-wise over all ranks, in place. */
  allReduce(values: Float32Array | Float64Array): void;
  /** Copies the bytes of rank 0 to all ranks, in place. */
  broadcast(bytes: Uint8Array): void;
  /** Milliseconds that this rank has spent in `allReduce` so far, including waiting. */
  allReduceTime(): number;
  /** Leaves the communicator, which must not be used afterwards. */
  finalize(): void;
  /** Ends all ranks immediately. */
  abort(code: number): void;
}

/** Sends rank 0's value to all ranks, as JSON. */
export function broadcastJson<T>(communicator: Communicator, value: T): T {
  const bytes = communicator.rank === 0 ? Buffer.from(JSON.stringify(value)) : Buffer.alloc(0);
  const length = Float64Array.of(bytes.length);
  communicator.broadcast(bytesOf(length));
  const received = communicator.rank === 0 ? bytes : Buffer.alloc(length[0] ?? 0);
  communicator.broadcast(received);
  return communicator.rank === 0 ? value : JSON.parse(received.toString());
}

/** Collects the values of all ranks, in the order of ranks, as JSON. */
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

/** A view of an array's bytes. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
