/** Splits: the examples for training, for validation during training, and for the final test. */

import { isRowCount } from "../../schema/kinds/split.js";
import type { DataSplit } from "../../schema/normal/index.js";
import { formatCount, formatInteger } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { shuffledIndices } from "./batching/batch-schedule.js";

/** Indices of examples. */
export type Indices = Uint32Array<ArrayBuffer>;

export interface Splits {
  /** Never empty. */
  readonly train: Indices;
  readonly validation: Indices;
  readonly test: Indices;
}

/** The targets of examples in a series: example i has those at i * stride, …, i * stride + span - 1. */
export interface TargetLayout {
  readonly examples: number;
  readonly stride: number;
  readonly span: number;
  /** Least distance of examples in the validation and test splits; null or absent: the stride. */
  readonly evaluationStride?: number | null;
}

/** Orders of preference: predictions during training leave the test split to the end. */
const splitOrders = {
  duringTraining: ["validation", "test", "train"],
  afterTraining: ["test", "validation", "train"],
} as const;

/** The preferred split that has examples. */
export function preferredSplit(splits: Splits, time: keyof typeof splitOrders): keyof Splits {
  return splitOrders[time].find((name) => splits[name].length > 0) ?? "train";
}

/** The number of examples of each split. */
export function exampleCounts({ train, validation, test }: Splits): Readonly<Record<keyof Splits, number>> {
  return { train: train.length, validation: validation.length, test: test.length };
}

/** The examples of all splits, ascending. */
export function examplesOf({ train, validation, test }: Splits): Indices {
  const examples = new Uint32Array(train.length + validation.length + test.length);
  examples.set(train);
  examples.set(validation, train.length);
  examples.set(test, train.length + validation.length);
  return examples.sort();
}

const splitNames = ["train", "validation", "test"] as const;

/** Indices of 2^27 examples take 0.5 GiB, and their order in an epoch as much again. */
const MAX_EXAMPLES = 2 ** 27;

/**
 * Splits independent examples.
 *
 * @param classes the class of each example; null for examples without one class each.
 */
export function splitExamples(
  split: DataSplit,
  seed: number,
  examples: number,
  classes: ArrayLike<number> | null = null,
): Result<Splits> {
  if (!("stratify" in split && split.stratify)) return splitWindows(split, seed, { examples, stride: 1, span: 1 });
  if (examples > MAX_EXAMPLES) return fail([tooManyExamples(examples, 1)]);
  return classes === null ? fail([noClasses]) : stratify(split, seed, classes);
}

const noClasses: RunProblem = {
  code: "split-stratify",
  path: "/data/split/stratify",
  message: "The examples do not have one label each that the splits could share.",
  hint: "Remove data.split.stratify.",
};

/**
 * Every split has its share of each class, rounded down or up: the examples that rounding down leaves go to the splits
 * that lack most of their total. The first example of a class is for training.
 */
function stratify(split: DataSplit, seed: number, classes: ArrayLike<number>): Result<Splits> {
  const examples = classes.length;
  const order = shuffledIndices(seed, "split", examples, split.order === "shuffled");
  const members = new Map<number, number[]>();
  for (const example of order) {
    const id = classes[example] ?? 0;
    const list = members.get(id) ?? [];
    list.push(example);
    members.set(id, list);
  }
  const fractions = splitNames.map((name) => split[name]);
  const unused = Math.max(0, 1 - fractions.reduce((sum, fraction) => sum + fraction, 0));
  const shares = [...fractions, unused < 1e-9 ? 0 : unused];
  const parts: number[][] = shares.map(() => []);
  let seen = 0;
  for (const [, list] of [...members].sort(([a], [b]) => a - b)) {
    seen += list.length;
    const counts = shares.map((share) => Math.floor(share * list.length + 1e-6));
    const remainder = list.length - counts.reduce((sum, count) => sum + count, 0);
    const lacks = shares.map((share, part) => share * seen - (parts[part]?.length ?? 0) - (counts[part] ?? 0));
    // A class without training examples cannot be learned.
    const isUntrained = counts[0] === 0;
    const byLack = shares
      .map((share, part) => ({ part, share, lack: isUntrained && part === 0 ? Infinity : (lacks[part] ?? 0) }))
      .filter(({ part, share }) => share * list.length - (counts[part] ?? 0) > 1e-6)
      .sort((a, b) => b.lack - a.lack);
    for (const { part } of byLack.slice(0, remainder)) counts[part] = (counts[part] ?? 0) + 1;
    let start = 0;
    for (const [part, count] of counts.entries()) {
      parts[part]?.push(...list.slice(start, start + count));
      start += count;
    }
  }
  const empty = splitNames.flatMap((name, part) =>
    parts[part]?.length === 0 && (name === "train" || split[name] > 0) ? [emptySplit(split, name, examples)] : [],
  );
  if (empty.length > 0) return fail(empty);
  const indices = (part: number) => Uint32Array.from(parts[part] ?? []).sort();
  return ok({ train: indices(0), validation: indices(1), test: indices(2) });
}

/**
 * Splits windows over a series. The series of targets is divided into blocks, each of one split; an example belongs to
 * a split when all its targets do, so no target is in two splits. In order of time a block is one position of the
 * series; shuffled, it is as long as the targets of an example, so every block contains an example.
 */
export function splitWindows(split: DataSplit, seed: number, layout: TargetLayout): Result<Splits> {
  const { examples, stride, span, evaluationStride } = layout;
  if (examples > MAX_EXAMPLES) return fail([tooManyExamples(examples, span)]);
  const shuffled = split.order === "shuffled";
  const positions = (examples - 1) * stride + span;
  const block = shuffled ? Math.ceil(span / stride) * stride : 1;
  const blocks = Math.ceil(positions / block);
  const bounds = splitBounds(split, blocks);
  const rank = shuffled ? inverse(shuffledIndices(seed, "split", blocks, true)) : undefined;
  const subsetAt = (position: number) => {
    const blockIndex = Math.floor(position / block);
    const shuffledIndex = rank?.[blockIndex] ?? blockIndex;
    const subset = bounds.findIndex(([start, end]) => start <= shuffledIndex && shuffledIndex < end);
    return subset === -1 ? splitNames.length : subset;
  };

  /** The index of an example's split, or splitNames.length if it belongs to none. */
  const subsetOf = (example: number) => {
    // A span touches at most two neighboring blocks, or the order is that of time: its ends decide.
    const subset = subsetAt(example * stride);
    return subset === subsetAt(example * stride + span - 1) ? subset : splitNames.length;
  };

  const counts = new Uint32Array(splitNames.length + 1);
  for (let example = 0; example < examples; example++) counts[subsetOf(example)] = (counts[subsetOf(example)] ?? 0) + 1;
  const problems = splitNames.flatMap((subset, index) =>
    counts[index] === 0 && (subset === "train" || split[subset] > 0) ? [emptyWindows(split, subset, layout)] : [],
  );
  if (problems.length > 0) return fail(problems);
  const members = splitNames.map((_, index) => new Uint32Array(counts[index] ?? 0));
  const filled = new Uint32Array(counts.length);
  for (let example = 0; example < examples; example++) {
    const subset = subsetOf(example);
    const position = filled[subset] ?? 0;
    const numbers = members[subset];
    if (numbers !== undefined) numbers[position] = example;
    filled[subset] = position + 1;
  }
  const [train, validation, test] = members;
  if (train === undefined || validation === undefined || test === undefined) throw new Error("A split is missing.");
  const spaced = (held: Indices) => atDistance(held, evaluationStride ?? stride, stride);
  return ok({ train, validation: spaced(validation), test: spaced(test) });
}

/** Examples in order without those that start closer than `distance` to the one before. */
function atDistance(examples: Indices, distance: number, stride: number): Indices {
  if (distance <= stride) return examples;
  let next = 0;
  return examples.filter((example) => {
    if (example * stride < next) return false;
    next = example * stride + distance;
    return true;
  });
}

function tooManyExamples(examples: number, span: number): RunProblem {
  const isWindowed = span > 1;
  return {
    code: "too-many-examples",
    path: isWindowed ? "/data/stride" : "/data",
    message: `The data has ${formatCount(examples, "example")}; training supports at most ${formatInteger(MAX_EXAMPLES)}.`,
    hint: isWindowed
      ? `Increase the stride: "stride": ${span} covers the data without overlap.`
      : "Use fewer examples.",
  };
}

/**
 * The blocks of each split, from the first up to the end. Fractions follow each other from the start. With a number of
 * rows they are of the blocks that such numbers leave, and the validation and test splits are at the end.
 */
function splitBounds(split: DataSplit, count: number): readonly (readonly [start: number, end: number])[] {
  const rest = count - rowsHeldOut(split);
  // Rounding leaves sums such as 0.7 + 0.2 + 0.1 below 1.
  const blocksOf = (fraction: number) => Math.min(rest, Math.floor(fraction * rest + 1e-6));
  if (rest < count) {
    const [validation, test] = [split.validation, split.test].map((size) => (isRowCount(size) ? size : blocksOf(size)));
    const testStart = count - (test ?? 0);
    const validationStart = testStart - (validation ?? 0);
    const used = splitNames.map((name) => split[name]).filter((size, index) => index === 0 || !isRowCount(size));
    const unused = rest - blocksOf(used.reduce((sum, fraction) => sum + fraction, 0));
    return [
      [0, validationStart - unused],
      [validationStart, testStart],
      [testStart, count],
    ];
  }
  let [sum, start] = [0, 0];
  return splitNames.map((subset) => {
    sum += split[subset];
    const bounds = [start, blocksOf(sum)] as const;
    start = bounds[1];
    return bounds;
  });
}

/** The number of rows held out at the end of each series. */
export function rowsHeldOut({ validation, test }: Pick<DataSplit, "validation" | "test">): number {
  return [validation, test].filter(isRowCount).reduce((sum, rows) => sum + rows, 0);
}

function inverse(order: Indices): Indices {
  const ranks = new Uint32Array(order.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}

function emptySplit(split: DataSplit, subset: keyof Splits, examples: number): RunProblem {
  return {
    code: "empty-split",
    path: `/data/split/${subset}`,
    message: `The ${subset} split, ${split[subset]} of ${formatCount(examples, "example")}, is empty.`,
    hint: "Give it a larger fraction, or use more data.",
  };
}

function emptyWindows(split: DataSplit, subset: keyof Splits, { examples, stride, span }: TargetLayout): RunProblem {
  const held = rowsHeldOut(split);
  if (held === 0) return emptySplit(split, subset, examples);
  const rows = (examples - 1) * stride + span;
  const targets = `the targets of a window are ${formatCount(span, "row")}`;
  const problem = { code: "empty-split", path: `/data/split/${subset}` };
  if (isRowCount(split[subset]) && split[subset] < span && subset !== "train") {
    const message = `The ${subset} split, ${formatCount(split[subset], "row")}, has no window: ${targets}.`;
    return { ...problem, message, hint: `Write ${span} or more.` };
  }
  const message =
    `The ${subset} split has no window: of ${formatCount(rows, "row")} after the first window ${held} are held out, ` +
    `and ${targets}.`;
  const hint = `${stride > 1 ? 'Write "stride": 1, or numbers of rows that it divides; h' : "H"}old out fewer rows`;
  return { ...problem, message, hint: `${hint}, write a shorter window or horizon, or use longer series.` };
}
