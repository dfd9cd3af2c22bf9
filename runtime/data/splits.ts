/** Splits: which examples train the model, which validate it while it trains, and which test it in the end. */
import type { NormalSplit } from "../../schema/normal.js";
import { orderOf } from "../order.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";

/** Numbers of examples. */
export type Indices = Uint32Array<ArrayBuffer>;

export interface Splits {
  /** Never empty. */
  readonly train: Indices;
  readonly validation: Indices;
  readonly test: Indices;
}

/** Where the targets of examples lie in a series: example i has those at i * stride, …, i * stride + span - 1. */
export interface Spread {
  readonly examples: number;
  readonly stride: number;
  readonly span: number;
}

const parts = ["train", "validation", "test"] as const;

/** The numbers of so many are half a gigabyte; their order in an epoch is as much again. */
const mostExamples = 2 ** 27;

/** Examples that have nothing in common. */
export function splitExamples(
  split: NormalSplit,
  seed: number,
  examples: number,
): Checked<{ readonly splits: Splits }> {
  return splitWindows(split, seed, { examples, stride: 1, span: 1 });
}

/**
 * Windows over a series. The series of targets is cut into blocks and each block is of one part; an example is of a part
 * when all its targets are, so that no target is in two parts. In order of time a block is one place of the series; shuffled,
 * it is as long as the targets of an example, so that every block holds an example.
 */
export function splitWindows(split: NormalSplit, seed: number, spread: Spread): Checked<{ readonly splits: Splits }> {
  const { examples, stride, span } = spread;
  if (examples > mostExamples) return refuse(tooMany(examples, span));
  const shuffled = split.order === "shuffled";
  const places = (examples - 1) * stride + span;
  const block = shuffled ? Math.ceil(span / stride) * stride : 1;
  const blocks = Math.ceil(places / block);
  const [trainEnd = 0, validationEnd = 0, testEnd = 0] = bounds(split, blocks);
  const rank = shuffled ? inverse(orderOf(seed, "split", blocks, true)) : undefined;
  const partAt = (place: number) => {
    const at = Math.floor(place / block);
    const ranked = rank?.[at] ?? at;
    return ranked < trainEnd ? 0 : ranked < validationEnd ? 1 : ranked < testEnd ? 2 : 3;
  };

  /** The part of an example, or more than the last where it has none. */
  const partOf = (example: number) => {
    // A span touches one block or two neighbours, or lies in an order where what is between its ends is of their part.
    const part = partAt(example * stride);
    return part === partAt(example * stride + span - 1) ? part : parts.length;
  };

  const counts = new Uint32Array(parts.length + 1);
  for (let example = 0; example < examples; example++) counts[partOf(example)] = (counts[partOf(example)] ?? 0) + 1;
  const problems = parts.flatMap((part, index) =>
    counts[index] === 0 && (part === "train" || split[part] > 0) ? [emptyPart(split, part, examples)] : [],
  );
  if (problems.length > 0) return refuse(...problems);
  const members = parts.map((_, index) => new Uint32Array(counts[index] ?? 0));
  const filled = new Uint32Array(counts.length);
  for (let example = 0; example < examples; example++) {
    const part = partOf(example);
    const place = filled[part] ?? 0;
    const numbers = members[part];
    if (numbers !== undefined) numbers[place] = example;
    filled[part] = place + 1;
  }
  const [train, validation, test] = members;
  if (train === undefined || validation === undefined || test === undefined)
    throw new Error("A split has three parts.");
  return { ok: true, splits: { train, validation, test } };
}

function tooMany(examples: number, span: number): RunProblem {
  const [given, most] = [examples, mostExamples].map((count) => count.toLocaleString("en"));
  const windows = span > 1;
  return {
    code: "too-many-examples",
    path: windows ? "/data/stride" : "/data",
    message: `There are ${given} examples, and a training knows at most ${most}.`,
    hint: windows
      ? `Let windows begin further apart: "stride": ${span} leaves nothing out and reads nothing twice.`
      : "Use a part of the data.",
  };
}

/** The ends of the parts, in `count` places. */
function bounds(split: NormalSplit, count: number): readonly number[] {
  let sum = 0;
  return parts.map((part) => {
    sum += split[part];
    // Sums such as 0.7 + 0.2 + 0.1 fall short of 1 by rounding.
    return Math.min(count, Math.floor(sum * count + 1e-6));
  });
}

function inverse(order: Indices): Indices {
  const ranks = new Uint32Array(order.length);
  for (const [rank, place] of order.entries()) ranks[place] = rank;
  return ranks;
}

function emptyPart(split: NormalSplit, part: keyof Splits, examples: number): RunProblem {
  return {
    code: "empty-split",
    path: `/data/split/${part}`,
    message: `The ${part} part of the split, ${split[part]} of ${examples} example${examples === 1 ? "" : "s"}, holds none.`,
    hint: "Give it a larger part, or use more data.",
  };
}
