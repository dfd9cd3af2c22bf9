/**
 * Decays within chunks: products of the gates between two time steps. Where the gates have logarithms a decay is the
 * exponential of a sum of them, at most 1 for gates up to 1; elsewhere it is the product itself. Nothing is divided.
 */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import { tabulate } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { swapLast } from "../../ops/contraction.js";
import type { Moment } from "./form.js";

/** Decays of [chunks, ..., steps, c], where c is 1 or the size of the key axis. */
export interface Decay {
  /**
   * Products of queries at a moment of each step (row) with the keys of earlier additions (columns), decayed from the
   * addition to the query: [..., steps, steps], 0 for later additions.
   *
   * @param queries [chunks, ..., steps, key size], like the keys.
   */
  scores(queries: Value, keys: Value, moment: Moment): Value;
  /** From the first state of the chunk to a moment of each step; undefined for 1. */
  fromStart(moment: Moment): Value | undefined;
  /** From the addition of each step to the end of the chunk; undefined for 1. */
  toEnd(): Value | undefined;
  /** Over the whole chunk, [..., 1, c]; undefined for 1. */
  readonly whole: Value | undefined;
}

export interface ChunkOrder {
  readonly size: number;
  readonly reverse: boolean;
}

/** A [rows, columns] constant of ones where a condition holds of their places in walking order. */
export function walkingMask(
  b: Builder,
  { size, reverse }: ChunkOrder,
  isOne: (row: number, column: number) => boolean,
  dtype: "float32" | "bool" = "float32",
): Value {
  const place = (index: number) => (reverse ? size - 1 - index : index);
  return b.constant(
    tabulate(dtype, [size, size], ([row, column]) => (isOne(place(row as number), place(column as number)) ? 1 : 0)),
  );
}

const reaches = (moment: Moment) => (row: number, column: number) =>
  moment === "after" ? column <= row : column < row;

const transposed = (b: Builder, value: Value) => b.transpose(value, swapLast(value.type.shape.length));

/** No gate: a sum. */
export function noDecay(b: Builder, order: ChunkOrder): Decay {
  return {
    scores: (queries, keys, moment) =>
      b.mul(b.matmul(queries, transposed(b, keys)), walkingMask(b, order, reaches(moment))),
    fromStart: () => undefined,
    toEnd: () => undefined,
    whole: undefined,
  };
}

/** The exponent of a decay that is 0 in every float type. */
const NEVER = -1e30;

/** @param logs logarithms of the gates, [chunks, ..., steps, c]. */
export function logDecay(b: Builder, order: ChunkOrder, logs: Value, perKey: boolean): Decay {
  const rank = logs.type.shape.length;
  /** Sums of the logarithms of some steps (columns) for each step (row). */
  const sumsOver = (isSummed: (row: number, column: number) => boolean) =>
    b.matmul(walkingMask(b, order, isSummed), logs);
  const sums = sumsOver((row, column) => column <= row);
  const sumsBefore = b.sub(sums, logs);
  const sumsAt = (moment: Moment) => (moment === "after" ? sums : sumsBefore);
  const decayOfNumber = (moment: Moment) => {
    // Sums over the steps between, because a difference of two sums would lose digits after a strong decay.
    const later = b.mul(
      logs,
      walkingMask(b, order, (row, column) => row > column),
    );
    const difference = b.matmul(walkingMask(b, order, reaches(moment)), later);
    return b.exp(b.where(walkingMask(b, order, reaches(moment), "bool"), difference, NEVER));
  };
  return {
    scores(queries, keys, moment) {
      if (!perKey) return b.mul(b.matmul(queries, transposed(b, keys)), decayOfNumber(moment));
      // Queries of the second half of a block and keys of its first half decay from and to the middle of the block.
      const levels: Value[] = [];
      for (let half = 1; half < order.size; half *= 2) {
        const halfOf = (place: number) => Math.floor(place / half);
        const isPair = (row: number, column: number) => halfOf(row) % 2 === 1 && halfOf(row) === halfOf(column) + 1;
        const fromMiddle = sumsOver(
          (row, column) => halfOf(row) % 2 === 1 && halfOf(row) === halfOf(column) && reaches(moment)(row, column),
        );
        const toMiddle = sumsOver((row, column) => halfOf(row) === halfOf(column) && column > row);
        const products = b.matmul(b.mul(queries, b.exp(fromMiddle)), transposed(b, b.mul(keys, b.exp(toMiddle))));
        levels.push(b.mul(products, walkingMask(b, order, isPair)));
      }
      const own = () =>
        b.mul(
          b.sum(b.mul(queries, keys), [rank - 1], true),
          walkingMask(b, order, (row, column) => row === column),
        );
      if (moment === "after") levels.push(own());
      const [first, ...others] = levels;
      return others.reduce(
        (sum, level) => b.add(sum, level),
        first ?? b.mul(b.matmul(queries, transposed(b, keys)), 0),
      );
    },
    fromStart: (moment) => b.exp(sumsAt(moment)),
    toEnd: () => b.exp(sumsOver((row, column) => column > row)),
    whole: b.exp(b.sum(logs, [rank - 2], true)),
  };
}

/** @param gates [chunks, ..., steps, c]. */
export function productDecay(b: Builder, order: ChunkOrder, gates: Value, perKey: boolean): Decay {
  const { size, reverse } = order;
  const axis = gates.type.shape.length - 2;
  const slices = b.split(gates, new Array<number>(size).fill(1), axis);
  const zero = b.mul(at(slices, 0), 0);
  const one = b.add(zero, 1);
  // A row has the decay from the start of the chunk, then that from each addition in walking order.
  let row: readonly (Value | undefined)[] = [one];
  const before: (readonly (Value | undefined)[])[] = [];
  const after: (readonly (Value | undefined)[])[] = [];
  for (let place = 0; place < size; place++) {
    const gate = at(slices, reverse ? size - 1 - place : place);
    before.push(row);
    row = [...row.map((entry) => entry && b.mul(gate, entry)), one];
    after.push(row);
  }
  const inOrder = <T>(values: readonly T[]) => (reverse ? [...values].reverse() : values);
  const stack = (values: readonly Value[], along: number) => b.concat(inOrder(values), along);
  const rows = { before, after };
  const last = row.slice(1) as readonly Value[];
  const start = (moment: Moment) =>
    stack(
      rows[moment].map(([first]) => first as Value),
      axis,
    );
  return {
    scores(queries, keys, moment) {
      const lines = rows[moment].map((entries) => {
        const columns = Array.from({ length: size }, (_, column) => entries[column + 1] ?? zero);
        return b.unsqueeze(stack(columns, axis), [axis]);
      });
      const between = stack(lines, axis);
      if (!perKey) return b.mul(b.matmul(queries, transposed(b, keys)), b.squeeze(between, [axis + 2]));
      const decayedKeys = b.mul(between, b.unsqueeze(keys, [axis]));
      return b.squeeze(b.matmul(decayedKeys, b.unsqueeze(queries, [axis + 2])), [axis + 2]);
    },
    fromStart: start,
    toEnd: () => stack(last, axis),
    whole: at(row as readonly Value[], 0),
  };
}
