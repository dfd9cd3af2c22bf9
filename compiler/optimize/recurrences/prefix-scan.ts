/**
 * Solutions of elementwise recurrences over all time steps. Two steps compose to one, a₂a₁ and a₂b₁ + b₂, which is
 * associative: a prefix scan solves half as many steps and then those between (G. Blelloch, 1990; E. Martin and
 * C. Cundy, ICLR 2018); in chunks, all chunks run step by step at once and a scan over the chunks gives their first
 * states.
 */
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Shape, Value } from "../../ir/types.js";
import type { Combination, Semiring } from "./elementwise.js";

/** Steps of a group of states: a combination for each state, of values with the same leading axes. */
type Steps = readonly Combination[];

interface Recurrence {
  readonly b: Builder;
  readonly semiring: Semiring;
  /** The first states, and their shape. */
  readonly first: readonly Value[];
  readonly reverse: boolean;
}

function sum({ b, semiring }: Recurrence, values: readonly (Value | undefined)[]): Value | undefined {
  return values.reduce((x, y) => (x === undefined || y === undefined ? (x ?? y) : semiring.add(b, x, y)), undefined);
}

function product({ b, semiring }: Recurrence, x: Value | undefined, y: Value | undefined): Value | undefined {
  return x && y && semiring.multiply(b, x, y);
}

function mapSteps(steps: Steps, f: (value: Value) => Value): Steps {
  return steps.map(({ factors, term }) => ({
    factors: factors.map((factor) => factor && f(factor)),
    term: term && f(term),
  }));
}

/** One step in place of two. */
function compose(recurrence: Recurrence, second: Steps, first: Steps): Steps {
  return second.map(({ factors, term }) => ({
    factors: first.map((_, column) =>
      sum(
        recurrence,
        factors.map((factor, index) => product(recurrence, factor, at(first, index).factors[column])),
      ),
    ),
    term: sum(recurrence, [
      ...factors.map((factor, index) => product(recurrence, factor, at(first, index).term)),
      term,
    ]),
  }));
}

/** The states after a step from those before it, [leading axes, ...state]. */
function apply(recurrence: Recurrence, steps: Steps, states: readonly Value[]): readonly Value[] {
  const { b, semiring } = recurrence;
  return steps.map(({ factors, term }, row) => {
    const result = sum(recurrence, [
      ...factors.map((factor, index) => product(recurrence, factor, at(states, index))),
      term,
    ]);
    const { dtype, shape } = at(states, row).type;
    // A step whose result is one for all entries of an axis.
    const steps = result === undefined ? 1 : at(result.type.shape, 0);
    const target = [steps === 1 ? at(shape, 0) : steps, ...shape.slice(1)];
    if (result !== undefined && sameShape(result.type.shape, target)) return result;
    return b.expand(result ?? b.scalar(semiring.zero, dtype), target);
  });
}

const timeSlice = (b: Builder, value: Value, from: number, to: number) => b.slice(value, 0, from, to);

/** The elements of [2n, …] at even and at odd indices, each [n, …]. */
function deinterleave(b: Builder, value: Value): readonly [Value, Value] {
  const [count = 0, ...rest] = value.type.shape;
  const parts = b.split(b.reshape(value, [Number(count) / 2, 2, ...rest]), [1, 1], 1);
  return [b.squeeze(at(parts, 0), [1]), b.squeeze(at(parts, 1), [1])];
}

function interleave(b: Builder, even: Value, odd: Value): Value {
  const [count = 0, ...rest] = even.type.shape;
  return b.reshape(b.concat([b.unsqueeze(even, [1]), b.unsqueeze(odd, [1])], 1), [Number(count) * 2, ...rest]);
}

/** The states before each step from the states after it: shifted by one, with the initial state. */
export function shiftByOne(b: Builder, after: Value, first: Value, reverse: boolean): Value {
  const start = b.unsqueeze(first, [0]);
  const count = Number(at(after.type.shape, 0));
  if (count === 1) return start;
  return b.concat(reverse ? [timeSlice(b, after, 1, count), start] : [start, timeSlice(b, after, 0, count - 1)], 0);
}

/** The states after each of some steps, [count, ...state]. */
export function solveByScan(recurrence: Recurrence, steps: Steps, count: number): readonly Value[] {
  const { b, first, reverse } = recurrence;
  const start = first.map((value) => b.unsqueeze(value, [0]));
  if (count === 1) return apply(recurrence, steps, start);
  const pairCount = Math.floor(count / 2);
  // Of an odd number of steps the last one in walking order remains.
  const from = reverse ? count - 2 * pairCount : 0;
  const halves = new Map<Value, readonly [Value, Value]>();
  const half = (value: Value, parity: 0 | 1) => {
    const known = halves.get(value) ?? deinterleave(b, timeSlice(b, value, from, from + 2 * pairCount));
    halves.set(value, known);
    return known[parity];
  };
  const firsts = mapSteps(steps, (value) => half(value, reverse ? 1 : 0));
  const seconds = mapSteps(steps, (value) => half(value, reverse ? 0 : 1));
  const secondStates = solveByScan(recurrence, compose(recurrence, seconds, firsts), pairCount);
  const before = secondStates.map((states, index) => shiftByOne(b, states, at(first, index), reverse));
  const firstStates = apply(recurrence, firsts, before);
  const states = firstStates.map((value, index) =>
    reverse ? interleave(b, at(secondStates, index), value) : interleave(b, value, at(secondStates, index)),
  );
  if (count === 2 * pairCount) return states;
  const index = reverse ? 0 : count - 1;
  const last = states.map((value) => (reverse ? timeSlice(b, value, 0, 1) : timeSlice(b, value, count - 2, count - 1)));
  const tails = apply(
    recurrence,
    mapSteps(steps, (value) => timeSlice(b, value, index, index + 1)),
    last,
  );
  return states.map((value, row) => b.concat(reverse ? [at(tails, row), value] : [value, at(tails, row)], 0));
}

/** The states after each of some steps, by chunks of `size` steps. */
export function solveByChunks(recurrence: Recurrence, steps: Steps, count: number, size: number): readonly Value[] {
  const { b, semiring, first, reverse } = recurrence;
  const chunkCount = Math.ceil(count / size);
  const padding = chunkCount * size - count;
  /** Steps of the padding leave the states as they are. */
  const padded = (value: Value | undefined, neutral: number): Value | undefined => {
    const { dtype } = at(first, 0).type;
    if (padding === 0 || (value === undefined && neutral === semiring.zero)) return value;
    const filler = (length: number, shape: Shape, number: number) =>
      b.expand(b.scalar(number, dtype), [length, ...shape]);
    const whole =
      value ??
      filler(
        count,
        at(first, 0).type.shape.map(() => 1),
        semiring.zero,
      );
    return b.concat([whole, filler(padding, whole.type.shape.slice(1), neutral)], 0);
  };
  const whole = steps.map(({ factors, term }, row) => ({
    factors: factors.map((factor, column) => padded(factor, row === column ? semiring.one : semiring.zero)),
    term: padded(term, semiring.zero),
  }));
  const slices = new Map<Value, readonly Value[]>();
  /** The values of one step of all chunks, [chunks, 1, …]. */
  const stepOf = (place: number) =>
    mapSteps(whole, (value) => {
      const known =
        slices.get(value) ??
        b.split(b.reshape(value, [chunkCount, size, ...value.type.shape.slice(1)]), new Array<number>(size).fill(1), 1);
      slices.set(value, known);
      return at(known, reverse ? size - 1 - place : place);
    });
  const prefixes: Steps[] = [stepOf(0)];
  for (let place = 1; place < size; place++) prefixes.push(compose(recurrence, stepOf(place), at(prefixes, place - 1)));
  const totals = mapSteps(at(prefixes, size - 1), (value) => b.squeeze(value, [1]));
  const ends = solveByScan(recurrence, totals, chunkCount);
  const starts = ends.map((states, index) => b.unsqueeze(shiftByOne(b, states, at(first, index), reverse), [1]));
  const statesAt = prefixes.map((prefix) => apply(recurrence, prefix, starts));
  return first.map((value, index) => {
    const inOrder = statesAt.map((states) => at(states, index));
    const states = b.reshape(b.concat(reverse ? inOrder.reverse() : inOrder, 1), [
      chunkCount * size,
      ...value.type.shape,
    ]);
    return padding === 0 ? states : timeSlice(b, states, 0, count);
  });
}
