/** Some entries of a gradient, and all of them along a random direction, against differences of the loss. */
import { at } from "../../ir/expect.js";
import type { Tensor } from "../../ir/types.js";
import { type Comparison, compare } from "./compare.js";

export interface EntryComparison extends Comparison {
  /** The index of the entry; null for the direction. */
  readonly index: readonly number[] | null;
}

/** A function of some tensors, with its derivative by one of them. */
export interface Derivative {
  readonly tensor: Tensor;
  readonly gradient: Tensor;
  readonly lossOf: (tensor: Tensor) => number;
}

/**
 * @param entries the number of entries, half of them among those with a gradient.
 * @param random uniform in [0, 1).
 */
export function compareEntries(
  { tensor, gradient, lossOf }: Derivative,
  entries: number,
  random: () => number,
): readonly EntryComparison[] {
  const comparisons = chosenEntries(gradient, entries, random).map((entry): EntryComparison => {
    const value = at(tensor.data, entry);
    const lossAt = (h: number) => lossOf({ ...tensor, data: tensor.data.with(entry, value + h) });
    return { ...compare(lossAt, Math.abs(value), at(gradient.data, entry)), index: indexOf(entry, tensor.shape) };
  });
  if (entries >= tensor.data.length) return comparisons;
  const direction = randomDirection(tensor.data.length, random);
  const slope = direction.reduce((sum, factor, entry) => sum + factor * at(gradient.data, entry), 0);
  const along = (h: number) =>
    lossOf({ ...tensor, data: tensor.data.map((value, entry) => value + h * at(direction, entry)) });
  return [...comparisons, { ...compare(along, 1, slope), index: null }];
}

/** Distinct entries in order. */
function chosenEntries({ data }: Tensor, count: number, random: () => number): readonly number[] {
  const all = Array.from(data, (_, entry) => entry);
  if (count >= all.length) return all;
  const withGradient = drawn(
    all.filter((entry) => data[entry] !== 0),
    Math.ceil(count / 2),
    random,
  );
  const chosen = new Set(withGradient);
  const others = all.filter((entry) => !chosen.has(entry));
  return [...chosen, ...drawn(others, count - chosen.size, random)].sort((a, b) => a - b);
}

/** `count` entries of a list, or all of a shorter one. */
function drawn(entries: readonly number[], count: number, random: () => number): readonly number[] {
  const left = [...entries];
  const chosen: number[] = [];
  while (chosen.length < count && left.length > 0) {
    const position = Math.floor(random() * left.length);
    chosen.push(at(left, position));
    left[position] = at(left, left.length - 1);
    left.pop();
  }
  return chosen;
}

/** A vector of length 1: each entry moves less than an entry that moves alone. */
function randomDirection(size: number, random: () => number): Float64Array {
  const factors = Float64Array.from({ length: size }, () => random() - 0.5);
  const length = Math.sqrt(factors.reduce((sum, factor) => sum + factor * factor, 0));
  return factors.map((factor) => factor / length);
}

function indexOf(entry: number, shape: readonly number[]): readonly number[] {
  let rest = entry;
  return shape
    .toReversed()
    .map((size) => {
      const position = rest % size;
      rest = (rest - position) / size;
      return position;
    })
    .reverse();
}
