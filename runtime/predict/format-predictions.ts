/** Formats a model's outputs as predictions: classes with probabilities, or values. */
import type { Port } from "../../compiler/artifact.js";
import { type ModelOutput, outputActivationOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Uses } from "../data/source.js";
import { entriesInOrder, keepOrder } from "../ordered-json.js";
import { elementCount } from "../tensors/array.js";
import { decimalsOf, shortestDecimal } from "../tensors/rows.js";
import { argmax, sigmoid, softmaxRows } from "../tensors/scores.js";

/** One prediction, as JSON. */
export type Prediction = Readonly<Record<string, unknown>>;

/** The outputs for one example: [size], or [steps, size] for a model with an output at every time step. */
export interface Scores {
  readonly shape: readonly number[];
  /** In float64 where a scaler was undone. */
  readonly data: Float32Array | Float64Array;
}

/**
 * The outputs of the valid steps. Lengths are those of the axis `time`; an output on another time axis, or without one,
 * has no padding.
 */
export function withoutPadding({ shape, data }: Scores, { shape: axes }: Pick<Port, "shape">, length?: number): Scores {
  const [steps = 0, ...stepShape] = shape;
  // Also a function of the time, such as floor((time-1)/2)+1.
  const hasTime = axes.length > 2 && /\btime\b/.test(String(axes[1]));
  if (length === undefined || !hasTime || length >= steps) return { shape, data };
  return { shape: [length, ...stepShape], data: data.subarray(0, (data.length / steps) * length) };
}

/** Applies the softmax over classes, or the sigmoid, to the outputs of a model that ends in logits. */
export function toProbabilities(
  { model }: Pick<NormalSpec, "model">,
  outputs: Uses["outputs"],
  scores: Scores,
): Scores {
  if (outputs === "numbers" || outputs === "features" || outputActivationOf(model) !== "logits") return scores;
  if (outputs === "probabilities") return { ...scores, data: scores.data.map(sigmoid) };
  return { ...scores, data: softmaxRows(scores.data, scores.shape.at(-1) ?? 1) };
}

export interface TopClass {
  readonly id: number;
  readonly name: string | number;
  readonly probability: number;
}

/** The most likely class of each row of probabilities. `names` is null for numeric classes. */
export function topClasses({ shape, data }: Scores, names: readonly (string | number)[] | null): readonly TopClass[] {
  const size = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / size }, (_, row) => {
    const id = argmax(data, row * size, size);
    return { id, name: names?.[id] ?? id, probability: shortestDecimal(data[row * size + id] ?? 0) };
  });
}

/** The names of the members of a prediction. */
export interface PredictionKeys {
  /** Of the class, the tags or the value. */
  readonly value: string;
  /** The start of the names of probabilities. */
  readonly prefix: string;
}

/** The members of the only output have the usual names; those of several outputs begin with the name of each. */
export function predictionKeys({ name, prefix }: ModelOutput, usual: string): PredictionKeys {
  return prefix === "" ? { value: usual, prefix } : { value: name, prefix: `${name}_` };
}

/** The members of the outputs as one prediction. Those with the same name, or with that of a row, name their output. */
export function mergeOutputs(outputs: readonly { readonly name: string; readonly members: Prediction }[]): Prediction {
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return only.members;
  const merged = outputs.flatMap(({ name, members }) => {
    const others = outputs.filter((other) => other.name !== name).map((other) => other.members);
    return entriesInOrder(members).map(([key, value]) => {
      const isTaken = key === "line" || key === "index" || others.some((other) => hasColumnOf(other, key, value));
      return [isTaken ? `${key} (${name})` : key, value] as const;
    });
  });
  return keepOrder(merged);
}

/** True where a member has the name of another one, or of a column of it: `kind_probabilities.0`. */
function hasColumnOf(members: Prediction, key: string, value: unknown): boolean {
  const isColumn = (name: string, whole: string, parts: unknown) =>
    typeof parts === "object" && name.startsWith(`${whole}.`);
  return Object.entries(members).some(
    ([name, other]) => name === key || isColumn(name, key, value) || isColumn(key, name, other),
  );
}

/** The most likely class, its probability, and the probabilities of all classes by name. */
export function describeClass(
  { value, prefix }: PredictionKeys,
  scores: Scores,
  names: readonly string[] | null,
): Prediction {
  const [best] = topClasses(scores, names);
  const all = Array.from(
    scores.data,
    (probability, id) => [`${names?.[id] ?? id}`, shortestDecimal(probability)] as const,
  );
  return keepOrder<unknown>([
    [value, best?.name ?? null],
    [`${prefix}probability`, best?.probability ?? null],
    [`${prefix}probabilities`, keepOrder(all)],
  ]);
}

/** The most likely class of every time step, with its probability. */
export function describeTags(
  { value, prefix }: PredictionKeys,
  scores: Scores,
  names: readonly string[] | null,
): Prediction {
  const steps = topClasses(scores, names);
  return keepOrder<unknown>([
    [value, steps.map(({ name }) => name)],
    [`${prefix}probability`, steps.map(({ probability }) => probability)],
  ]);
}

/** One value as a number, several as nested lists. */
export function describeValues({ shape, data }: Scores): unknown {
  const numbers = decimalsOf(data);
  const nest = (axis: number, start: number): unknown => {
    const size = shape[axis];
    if (size === undefined) return numbers[start];
    const width = elementCount(shape.slice(axis + 1));
    const entries = Array.from({ length: size }, (_, index) => nest(axis + 1, start + index * width));
    return axis === shape.length - 1 && size === 1 ? entries[0] : entries;
  };
  return nest(0, 0);
}
