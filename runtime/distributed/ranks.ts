/** The processes of a training that several share, each with its rank: what they can do together. */

export interface Ranks {
  readonly rank: number;
  readonly size: number;
  /** Adds up, entry by entry, over all ranks, in place. */
  sum(values: Float32Array | Float64Array): void;
  /** Makes everyone's bytes those of rank 0. */
  broadcast(bytes: Uint8Array): void;
  /** Milliseconds that this rank has spent in `sum` so far, waiting for the others among them. */
  summing(): number;
  /** Leaves; nothing can be done together afterwards. */
  leave(): void;
  /** Ends all ranks at once. */
  abort(code: number): void;
}

/** Rank 0's value, as JSON, at all ranks. */
export function agree<T>(ranks: Ranks, value: T): T {
  const bytes = ranks.rank === 0 ? Buffer.from(JSON.stringify(value)) : Buffer.alloc(0);
  const length = Float64Array.of(bytes.length);
  ranks.broadcast(bytesOf(length));
  const shared = ranks.rank === 0 ? bytes : Buffer.alloc(length[0] ?? 0);
  ranks.broadcast(shared);
  return ranks.rank === 0 ? value : JSON.parse(shared.toString());
}

/** Every rank's value, as JSON, at all ranks in their order. */
export function gather<T>(ranks: Ranks, value: T): readonly T[] {
  const bytes = Buffer.from(JSON.stringify(value));
  const lengths = new Float64Array(ranks.size);
  lengths[ranks.rank] = bytes.length;
  ranks.sum(lengths);
  const ends: number[] = [];
  for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
  const all = new Float64Array(ends.at(-1) ?? 0);
  all.set(bytes, (ends[ranks.rank] ?? 0) - bytes.length);
  ranks.sum(all);
  return ends.map((end, rank) => JSON.parse(Buffer.from(all.subarray(end - (lengths[rank] ?? 0), end)).toString()));
}

/** The bytes of an array, which share its memory. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
