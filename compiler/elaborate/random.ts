/**
 * Counter-based random numbers: a pure function of seed, site in the model, training step and position of the entry. A
 * resumed run draws the same numbers as an uninterrupted one, for any number of steps per call, on any device.
 *
 * ONNX's random operators keep their state in the session, so numbers are hashed from their positions, in integers
 * modulo a prime. x → (x + key)³ permutes the integers below the prime; a few rounds with independent keys hash the
 * step and the row (all positions but the last). An entry is r·c + q, with r and q of its row and c of its unit: for
 * one multiplication the entries of a row are uniform and pairwise independent, and rows are independent hashes.
 */
import { createHash } from "node:crypto";
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Shape, Value } from "../ir/types.js";
import type { Context } from "./context.js";

/**
 * The largest prime p below 2^25. 3 does not divide p - 1, so cubing is a permutation; and the square of a sum of two
 * numbers below p is below 2^52, so float64 is exact too.
 */
export const prime = 2 ** 25 - 39;

/** The context that random numbers depend on. */
export type Randomness = Pick<Context, "b" | "integerBits" | "seed" | "step" | "shard">;
type Arithmetic = Pick<Context, "b" | "integerBits">;

/** Three integers below the prime, a hash of some words. */
function keys(...words: readonly (string | number)[]): readonly [number, number, number] {
  const hash = createHash("sha256").update(JSON.stringify(words)).digest();
  const key = (index: number) => hash.readUInt32LE(4 * index) % prime;
  return [key(0), key(1), key(2)];
}

/** Shifts of the base-32 digits of a number below twice the prime, most significant first. */
const digits = [25, 20, 15, 10, 5, 0];

/** x·y modulo the prime p, for x, y < 2p. In int32 y is multiplied digit by digit: 63 p < 2^31. */
function product({ b, integerBits }: Arithmetic, x: Value, y: Value): Value {
  const { add, div, mod, mul } = b;
  if (integerBits === 64) return mod(mul(x, y), prime);
  const reduced = mod(x, prime);
  const digitOf = (shift: number) => mod(div(y, 2 ** shift), 32);
  const [first = 0, ...rest] = digits;
  const start = mod(mul(reduced, digitOf(first)), prime);
  return rest.reduce((sum, shift) => mod(add(mul(sum, 32), mul(reduced, digitOf(shift))), prime), start);
}

/** x³ modulo the prime, for x below twice the prime. */
function cube(arithmetic: Arithmetic, x: Value): Value {
  return product(arithmetic, product(arithmetic, x, x), x);
}

/** A hash of two integers below the prime, for random numbers that depend on both. */
export function hashPair(b: Builder, x: Value, y: Value): Value {
  const [first, second] = keys("mixed");
  const hash = (value: Value) => cube({ b, integerBits: 64 }, value);
  const firstHash = hash(b.add(b.mod(x, prime), first));
  return hash(b.mod(b.add(hash(b.add(firstHash, b.mod(y, prime))), second), prime));
}

/** Three hashes of the step, the same for all sites. */
function stepHashes(random: Randomness): readonly [Value, Value, Value] {
  const { b, seed, step } = random;
  const round = (x: Value, index: number) =>
    cube(random, b.add(x, b.constant(tensor("int64", [3], keys(seed, index)))));
  const hashes = [0, 1, 2].reduce(round, b.mod(step(), prime));
  const component = (index: number) => b.slice(hashes, 0, index, index + 1);
  return [component(0), component(1), component(2)];
}

/**
 * Integers, uniform in [0, prime), of a shape of rank 1 or more.
 *
 * @param site the name of the random stream: other sites draw independent numbers.
 */
export function uniform(random: Randomness, site: string, shape: Shape): Value {
  const { b, integerBits, seed } = random;
  // int64 needs one reduction, after the sum.
  const times = (x: Value, y: Value) => (integerBits === 64 ? b.mul(x, y) : product(random, x, y));
  const hash = (x: Value, key: number | Value) => cube(random, b.add(x, key));
  const keyed = (x: Value, key: number) => b.mod(b.add(x, key), prime);

  const [step0, step1, step2] = stepHashes(random);
  const [key0, key1, key2] = keys(seed, site, "rows");
  const rows = shape.slice(0, -1);
  const perRow = (x: Value) => b.reshape(x, [...rows, 1]);
  const row = hash(rowIndices(random, rows), keyed(step0, key0));
  const r = hash(hash(row, key1), step1);
  const q = hash(r, keyed(step2, key2));

  const unit = keys(seed, site, "units").reduce<Value>(hash, b.range(at(shape, shape.length - 1)));
  return b.mod(b.add(times(perRow(r), unit), perRow(q)), prime);
}

/** Indices of the rows of a shape, [rows]; of a part of a batch those in the whole batch. */
function rowIndices({ b, shard }: Randomness, rows: Shape): Value {
  const rowCount = elementCount(rows);
  const axis = rows.indexOf("batch");
  if (shard === null || axis < 0) return b.range(rowCount);
  const outerCount = elementCount(rows.slice(0, axis));
  const batch = b.unsqueeze(b.add(b.range("batch"), shard.firstRow()), [1]);
  const outer = b.unsqueeze(b.mul(b.range(outerCount), shard.batchSize()), [1, 2]);
  const inner = b.range(elementCount(rows.slice(axis + 1)));
  return b.reshape(b.add(b.mul(b.add(outer, batch), b.size(inner)), inner), [rowCount]);
}

/** Bernoulli samples: true with a probability, independently at each entry of a shape. */
export function bernoulliMask(random: Randomness, site: string, shape: Shape, probability: number): Value {
  return random.b.less(uniform(random, site, shape), Math.round(probability * prime));
}

/** The factors of inverted dropout: 0 at a rate, else 1 / (1 - rate), which preserves the mean. */
export function dropoutMask(random: Randomness, site: string, shape: Shape, rate: number): Value {
  const { b } = random;
  return b.mul(b.cast(bernoulliMask(random, site, shape, 1 - rate), "float32"), 1 / (1 - rate));
}
