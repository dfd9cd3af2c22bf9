/**
 * Random numbers as a pure function of a seed, a place in the model, the training step and the position of the entry: a run
 * that is resumed draws what it would have drawn, with any number of steps per call, on any device.
 *
 * ONNX's random operators keep their state in the session, so numbers are hashed from their positions, in whole numbers
 * modulo a prime. x → (x + key)³ permutes the numbers below the prime; a few rounds of it with independent keys hash the
 * step and the row (all positions but the last). Each entry is then r·c + q of its row's r and q and its unit's c: for one
 * multiplication the entries of a row are uniform and pairwise independent, and rows are independent hashes.
 */
import { createHash } from "node:crypto";
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Shape, Value } from "../ir/types.js";
import type { Context } from "./context.js";

/**
 * The largest prime below 2^25. Three does not divide one less, so that cubing is a permutation; and the square of a sum of
 * two numbers below it is below 2^52, so that float64 is exact too.
 */
export const prime = 2 ** 25 - 39;

/** Whoever draws: what the numbers depend on besides their positions. */
export type Randomness = Pick<Context, "b" | "integerBits" | "seed" | "step" | "shard">;
type Arithmetic = Pick<Context, "b" | "integerBits">;

/** Numbers below the prime, the same for the same words. */
function keys(...words: readonly (string | number)[]): readonly [number, number, number] {
  const hash = createHash("sha256").update(JSON.stringify(words)).digest();
  const key = (index: number) => hash.readUInt32LE(4 * index) % prime;
  return [key(0), key(1), key(2)];
}

/** Digits of five bits, the first ones first, that hold every number below twice the prime. */
const digits = [25, 20, 15, 10, 5, 0];

/** x·y modulo the prime, for two numbers below twice the prime. In 32 bits y goes digit by digit: 63 primes are below 2^31. */
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

/** A number below the prime that hashes two whole numbers, as the step of what draws by both. */
export function hashPair(b: Builder, x: Value, y: Value): Value {
  const [first, second] = keys("mixed");
  const hash = (value: Value) => cube({ b, integerBits: 64 }, value);
  const firstHash = hash(b.add(b.mod(x, prime), first));
  return hash(b.mod(b.add(hash(b.add(firstHash, b.mod(y, prime))), second), prime));
}

/** Three hashes of the step, which all places in a model share. */
function stepHashes(random: Randomness): readonly [Value, Value, Value] {
  const { b, seed, step } = random;
  const round = (x: Value, index: number) =>
    cube(random, b.add(x, b.constant(tensor("int64", [3], keys(seed, index)))));
  const hashes = [0, 1, 2].reduce(round, b.mod(step(), prime));
  const component = (index: number) => b.slice(hashes, 0, index, index + 1);
  return [component(0), component(1), component(2)];
}

/**
 * Whole numbers, uniform from 0 up to the prime, of a shape with at least one axis.
 *
 * @param site names the place that draws; other places draw independent numbers.
 */
export function uniform(random: Randomness, site: string, shape: Shape): Value {
  const { b, integerBits, seed } = random;
  // In 64 bits the sum is divided once, after it.
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

/** Numbers of the rows of a shape, [rows]. In a part of a batch they are those that the same rows have in the whole batch. */
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

/** True with a probability, at each entry of a shape. */
export function bernoulliMask(random: Randomness, site: string, shape: Shape, probability: number): Value {
  return random.b.less(uniform(random, site, shape), Math.round(probability * prime));
}

/** What an entry is multiplied by where some are dropped: 0 at a rate, elsewhere what keeps the mean. */
export function dropoutMask(random: Randomness, site: string, shape: Shape, rate: number): Value {
  const { b } = random;
  return b.mul(b.cast(bernoulliMask(random, site, shape, 1 - rate), "float32"), 1 / (1 - rate));
}
