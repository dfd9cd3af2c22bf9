/** The cost model of recurrences: time of a loop and of its chunkwise form in microseconds, for a target. */
import { scanOperands } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";
import type { PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import { varies } from "./factor.js";
import { hasLogarithms } from "./log-gate.js";
import type { MatrixRecurrence } from "./matrix-recurrence.js";

/** The sizes that a cost depends on. */
export interface RecurrenceSize {
  readonly timeSteps: number;
  /** Independent recurrences: the batch, heads. */
  readonly lead: number;
  readonly key: number;
  readonly value: number;
  /** A number, or one for each key; with `products`, a gate that has no logarithm. */
  readonly gate: "none" | "number" | "key" | "key products";
  readonly erases: boolean;
  readonly reads: number;
}

/** Sizes of chunks that are compared. */
export const chunkSizes = [8, 16, 32, 64, 128];

export function sizeOf(
  { keyAxis, valueAxes, gate, erasures, readCount: reads, stateIndex }: MatrixRecurrence,
  loop: Loop,
  timeSteps: number,
  context: PassContext,
): RecurrenceSize {
  const { shape } = at(scanOperands(loop).inner.states, stateIndex).type;
  const size = (axes: readonly number[]) =>
    expectedSize(elementCount(axes.map((axis): Dim => at(shape, axis))), context, Number.POSITIVE_INFINITY);
  const leadAxes = [...shape.keys()].filter((axis) => axis !== keyAxis && !valueAxes.includes(axis));
  const sizes = { timeSteps, lead: size(leadAxes), key: size([keyAxis]), value: size(valueAxes) };
  const others = { erases: erasures.length > 0, reads };
  if (!gate.some((factor) => varies(factor, keyAxis)))
    return { ...sizes, ...others, gate: gate.length === 0 ? "none" : "number" };
  const hasLogarithm =
    gate.every(({ logSources }) => logSources !== undefined) &&
    hasLogarithms(
      loop.attributes.body,
      gate.flatMap(({ logSources = [] }) => logSources),
    );
  return { ...sizes, ...others, gate: hasLogarithm ? "key" : "key products" };
}

/** Passes over the state per step: decay, outer product, sum, and one for each read. */
export function loopMicroseconds(size: RecurrenceSize, context: PassContext): number {
  const { kernelCallMicroseconds, loopIterationMicroseconds, elementMicroseconds } = targetOf(context);
  const passes = (size.gate === "none" ? 2 : 3) + size.reads + (size.erases ? 1 : 0);
  const elements = size.lead * size.key * size.value;
  return (
    size.timeSteps * (loopIterationMicroseconds + passes * (kernelCallMicroseconds + elements * elementMicroseconds))
  );
}

/** Products within chunks of some steps, elementwise decays, and a loop over the chunks. */
export function chunkwiseMicroseconds(size: RecurrenceSize, chunk: number, context: PassContext): number {
  const { kernelCallMicroseconds, loopIterationMicroseconds, elementMicroseconds, multiplyAddMicroseconds } =
    targetOf(context);
  const { lead, key, value, gate, erases } = size;
  const chunks = Math.ceil(size.timeSteps / chunk);
  const rows = chunks * chunk * lead;
  const scores = size.reads + (erases ? 1 : 0);
  const halvings = Math.ceil(Math.log2(chunk));
  const inversions = erases ? halvings : 0;
  /** Multiply-adds and elements of the scores, [steps, steps], of one row. */
  const scoreCosts = {
    none: [chunk * key, chunk],
    number: [chunk * key, 5 * chunk],
    key: [3 * halvings * chunk * key, halvings * (5 * key + 2 * chunk)],
    "key products": [chunk * key, 6 * chunk * key],
  } as const;
  const [scoreProducts, scoreElements] = scoreCosts[gate];
  const products =
    rows *
    (scores * scoreProducts +
      size.reads * (chunk * value + key * value) +
      (erases ? 2 : 1) * key * value +
      (erases ? (2 * inversions * chunk + key + value) * chunk : 0));
  const elements =
    rows * (scores * (scoreElements + (gate === "none" ? 0 : 4 * key)) + 4 * (key + value)) +
    3 * chunks * lead * key * value;
  const calls = 40 + 10 * inversions + (gate === "key" ? 10 * halvings : gate === "key products" ? 4 * chunk : 0);
  return (
    products * multiplyAddMicroseconds +
    elements * elementMicroseconds +
    chunks * (loopIterationMicroseconds + 4 * kernelCallMicroseconds) +
    calls * kernelCallMicroseconds
  );
}
