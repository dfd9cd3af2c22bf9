/** Statistics of a data source as the model reads it: its splits, arrays, classes and lengths. */
import { isLengths } from "../../compiler/signature.js";
import { targetOfPort } from "../../schema/kinds/outputs.js";
import type { NumericArray } from "../tensors/array.js";
import { idNamesFor } from "./metadata.js";
import { collectNumbers, type NumberCollector, type NumberStatistics } from "./number-statistics.js";
import { type Batch, type DataSource, lengthsOfArray } from "./source.js";
import type { Indices, Splits } from "./splits.js";

export interface ArrayStatistics {
  readonly name: string;
  readonly dtype: NumericArray["dtype"];
  /** Of a batch of one example. */
  readonly shape: readonly number[];
  /** Of the numbers of the training split; null for ids that have names. */
  readonly numbers: NumberStatistics | null;
}

export interface ClassCounts {
  readonly target: string;
  readonly name: string;
  readonly counts: Readonly<Record<keyof Splits, number>>;
}

export interface SourceStatistics {
  readonly examples: Readonly<Record<keyof Splits, number>>;
  /** Examples that the statistics read: all, or evenly spaced ones of each split. */
  readonly sampled: number;
  readonly arrays: readonly ArrayStatistics[];
  /** Of targets that are one class of an example, or of each step. */
  readonly classes: readonly ClassCounts[];
}

/** Examples of a split that are read at most. */
const MAX_EXAMPLES = 20_000;
const CHUNK = 64;
const MAX_CLASSES = 100;

export function statisticsOf(source: DataSource): SourceStatistics {
  const { splits, metadata } = source;
  const arrays = new Map<string, { readonly array: NumericArray; readonly numbers: NumberCollector | null }>();
  const classes = new Map<string, Map<number, Record<keyof Splits, number>>>();
  let sampled = 0;
  for (const split of ["train", "validation", "test"] as const) {
    const examples = evenlySpaced(splits[split]);
    sampled += examples.length;
    for (let start = 0; start < examples.length; start += CHUNK) {
      const batch = source.batch(examples.subarray(start, start + CHUNK));
      for (const [name, array] of batch) {
        const isNamed = array.dtype === "int32" && idNamesFor(name, metadata) !== null;
        const known = arrays.get(name) ?? { array, numbers: isNamed ? null : collectNumbers() };
        arrays.set(name, known);
        if (split === "train" && known.numbers !== null) addNumbers(known.numbers, array, stepsOf(batch, name, array));
        if (isClasses(name, array)) countClasses(classes, name, array, stepsOf(batch, name, array), split);
      }
    }
  }
  return {
    examples: { train: splits.train.length, validation: splits.validation.length, test: splits.test.length },
    sampled,
    arrays: [...arrays].map(([name, { array, numbers }]) => ({
      name,
      dtype: array.dtype,
      shape: [1, ...array.shape.slice(1)],
      numbers: numbers?.finish() ?? null,
    })),
    classes: [...classes].flatMap(([port, counts]) => namedCounts(port, counts, metadata)),
  };
}

function evenlySpaced(examples: Indices): Indices {
  if (examples.length <= MAX_EXAMPLES) return examples;
  return Uint32Array.from(
    { length: MAX_EXAMPLES },
    (_, index) => examples[Math.floor((index * examples.length) / MAX_EXAMPLES)] ?? 0,
  );
}

/** Valid steps of each example of an array with a time axis, where the batch has lengths; else null. */
function stepsOf(batch: Batch, name: string, { shape }: NumericArray): readonly number[] | null {
  const lengths = lengthsOfArray(batch, name);
  if (lengths === undefined || isLengths(name) || shape.length < 2) return null;
  return Array.from(lengths.data, Number);
}

function addNumbers(numbers: NumberCollector, { data, shape }: NumericArray, steps: readonly number[] | null): void {
  const perExample = data.length / (shape[0] ?? 1);
  const perStep = perExample / (shape[1] ?? 1);
  for (const [index, value] of data.entries())
    if (steps === null || index % perExample < (steps[Math.floor(index / perExample)] ?? 0) * perStep)
      numbers.add(Number(value));
}

function isClasses(name: string, { dtype }: NumericArray): boolean {
  return dtype === "int32" && (name === "targets" || targetOfPort(name) !== undefined);
}

function countClasses(
  classes: Map<string, Map<number, Record<keyof Splits, number>>>,
  name: string,
  { data, shape }: NumericArray,
  steps: readonly number[] | null,
  split: keyof Splits,
): void {
  const counts = classes.get(name) ?? new Map<number, Record<keyof Splits, number>>();
  classes.set(name, counts);
  const perExample = data.length / (shape[0] ?? 1);
  for (const [index, value] of data.entries()) {
    if (steps !== null && index % perExample >= (steps[Math.floor(index / perExample)] ?? 0)) continue;
    const count = counts.get(Number(value)) ?? { train: 0, validation: 0, test: 0 };
    count[split] += 1;
    counts.set(Number(value), count);
  }
}

function namedCounts(
  port: string,
  counts: ReadonlyMap<number, Readonly<Record<keyof Splits, number>>>,
  metadata: DataSource["metadata"],
): readonly ClassCounts[] {
  if (counts.size > MAX_CLASSES) return [];
  const names = idNamesFor(port, metadata)?.names ?? [];
  const target = targetOfPort(port) ?? "";
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([id, count]) => ({ target, name: `${names[id] ?? id}`, counts: count }));
}
