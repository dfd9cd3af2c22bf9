/** The signature of a data source: dtypes, shapes and sizes, so that the compiler opens no data file. */

import { ONLY_TARGET } from "../schema/kinds/outputs.js";

/** One array of a batch, batch axis first. Dims are numbers, or the symbols `batch` and `time`. */
export interface ArraySignature {
  readonly dtype: "float32" | "int64" | "int32";
  readonly shape: readonly (number | string)[];
  /** Sizes of the axes that the last one joins, of an array that has more of them. */
  readonly axes?: readonly number[];
}

/** Scales of series by id: x' = (x - location) / scale of each column of `inputs`. */
export interface SeriesScales {
  readonly location: readonly (readonly number[])[];
  readonly scale: readonly (readonly number[])[];
}

/** A column of the next row of `inputs`: a number of a target, a column of `future`, "same" as in the last row, or null for 0. */
export type NextColumn =
  | {
      readonly target: string;
      readonly place: number;
      /** x' = (x - offset) * factor, of a target that is not scaled as the input. */
      readonly scaler?: { readonly offset: number; readonly factor: number };
    }
  | { readonly future: number }
  | "same"
  | null;

export interface Rollout {
  /** Rows to be predicted. */
  readonly rows: number;
  readonly columns: readonly NextColumn[];
}

export interface Signature {
  /** Token ids [batch, time], features [batch, time, features], or rows [batch, features]. */
  readonly inputs: ArraySignature;
  /** A second name of `inputs`: `encoder_inputs`. */
  readonly main_input?: string;
  /** Further inputs, by the name in a layer's "from": `decoder_inputs`. */
  readonly side_inputs?: Readonly<Record<string, ArraySignature>>;
  /** The targets of the losses; an object where they have names. */
  readonly targets: ArraySignature | Readonly<Record<string, ArraySignature>>;
  /** Lengths of the sequences, [batch], int64. */
  readonly lengths?: ArraySignature;
  /** Lengths of the targets and of inputs on their time axis, [batch], int64. */
  readonly target_lengths?: ArraySignature;
  /** Lengths of side inputs on time axes of their own, [batch], int64, by the input; the array is `<input>.lengths`. */
  readonly side_lengths?: Readonly<Record<string, ArraySignature>>;
  /** Factors of the loss of each step, [batch, time], float32. */
  readonly weights?: ArraySignature;
  /** Of windows that are scaled by their own rows: the scaled columns of `inputs`, and the column of each number of a target. */
  readonly window_scaling?: {
    readonly columns: readonly boolean[];
    readonly targets: Readonly<Record<string, readonly number[]>>;
    /** The columns of `inputs` that `future` has. */
    readonly future?: readonly number[];
    /** Scales by the input `series_id`, in place of those of the rows of a window. */
    readonly series?: SeriesScales;
  };
  /** Of predictions that are fed back: the rows to be predicted, and the sources of each next row. */
  readonly rollout?: Rollout;
  /** Initial states by public name (`rnn/0/h`), [batch, size]. */
  readonly initial_states?: Readonly<Record<string, ArraySignature>>;
  /**
   * Sizes that specs may name: "vocabulary", "classes", "features". A string is a symbol: the size is not known yet. Of
   * targets with names the classes are those of each, "classes/<name>"; of inputs of ids with vocabularies of their own
   * the vocabulary is that of each, "vocabulary/<name>".
   */
  readonly sizes: Readonly<Record<string, number | string>>;
  /** The number of time steps of every training batch; undefined where it varies. */
  readonly steps?: number;
  /** The same for the further time axes of side inputs, by their names: `memory_time`. */
  readonly side_steps?: Readonly<Record<string, number>>;
  /** Expected sizes of symbols, for cost decisions only. */
  readonly expected: Readonly<Record<string, number>> & { readonly batch: number; readonly time: number };
}

/** The targets by name; those without a name as `targets`. */
export function targetArrays({ targets }: Pick<Signature, "targets">): ReadonlyMap<string, ArraySignature> {
  return new Map(isArray(targets) ? [[ONLY_TARGET, targets]] : Object.entries(targets));
}

/** The targets of a signature from arrays by name. */
export function targetsSignature(arrays: readonly (readonly [string, ArraySignature])[]): Signature["targets"] {
  const [[name, only] = []] = arrays;
  return name === ONLY_TARGET && only !== undefined ? only : Object.fromEntries(arrays);
}

/** The name of the size that is the number of classes of a target. */
export function classesSize(target: string): "classes" | `classes/${string}` {
  return target === ONLY_TARGET ? "classes" : `classes/${target}`;
}

/** The name of the size that is the number of ids of an input with its own vocabulary; others have "vocabulary". */
export function vocabularySize(input: string): `vocabulary/${string}` {
  return `vocabulary/${input}`;
}

/** The name of the array of the lengths of a side input. */
export function lengthsOfInput(input: string): `${string}.lengths` {
  return `${input}.lengths`;
}

/** True for the name of an array of lengths. */
export function isLengths(name: string): boolean {
  return /^(?:target_)?lengths$|\.lengths$/.test(name);
}

function isArray(targets: Signature["targets"]): targets is ArraySignature {
  return typeof targets.dtype === "string";
}

/** The targets with each array replaced. */
export function mapTargets(
  targets: Signature["targets"],
  change: (array: ArraySignature, name: string) => ArraySignature,
): Signature["targets"] {
  if (isArray(targets)) return change(targets, ONLY_TARGET);
  return Object.fromEntries(Object.entries(targets).map(([name, array]) => [name, change(array, name)]));
}

/**
 * Token ids [batch, time] and features [batch, time, features] are sequences; ids [batch] and features
 * [batch, features] are not.
 */
export function isSequence({ dtype, shape }: ArraySignature): boolean {
  return shape.length > (dtype === "float32" ? 2 : 1);
}

/**
 * The name of the time axis of a side input. It is an identifier, since dims are arithmetic: other characters than
 * letters, digits and `_` are replaced by their codes, `memory-2` by `memory_2d_2_time`.
 */
export function sideTimeAxis(input: string): string {
  return `${input.replace(/[^\p{L}\p{N}_]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}_`)}_time`;
}

const timeAxis: ReadonlySet<string> = new Set(["time"]);

/** The time axis of each input that is a sequence, by the input's name. */
export function timeAxesOf({ inputs, side_inputs }: Signature): ReadonlyMap<string, number | string> {
  const arrays = Object.entries<ArraySignature>({ inputs, ...side_inputs });
  return new Map(arrays.flatMap(([name, array]) => (isSequence(array) ? [[name, array.shape[1] ?? 1] as const] : [])));
}

/**
 * The signature with a static number of time steps where it is the same in every batch, so that loops can be unrolled.
 *
 * @param axes names of the time axes with this number of steps.
 */
export function withStaticTime(signature: Signature, axes: ReadonlySet<number | string> = timeAxis): Signature {
  const { steps, inputs, side_inputs, targets, weights } = signature;
  if (steps === undefined) return signature;
  const withStatic = (array: ArraySignature): ArraySignature => ({
    ...array,
    shape: array.shape.map((dim) => (axes.has(dim) ? steps : dim)),
  });
  return {
    ...signature,
    inputs: withStatic(inputs),
    targets: mapTargets(targets, withStatic),
    ...(weights && { weights: withStatic(weights) }),
    ...(side_inputs && {
      side_inputs: Object.fromEntries(Object.entries(side_inputs).map(([name, array]) => [name, withStatic(array)])),
    }),
  };
}

/** The signature of batches in which every step is valid. */
export function withoutLengths({ lengths, target_lengths, side_lengths, ...signature }: Signature): Signature {
  return signature;
}

/** The signature of one micro-batch. */
export function perMicroBatch(signature: Signature, microBatches: number): Signature {
  const { expected } = signature;
  return { ...signature, expected: { ...expected, batch: Math.max(1, Math.floor(expected.batch / microBatches)) } };
}

/** The signature for batches and sequences of any size, for evaluation and inference. */
export function withDynamicShapes(signature: Signature): Signature {
  const { inputs, side_inputs, targets, lengths, target_lengths, side_lengths, weights, initial_states } = signature;
  const time = isSequence(inputs) ? inputs.shape[1] : undefined;
  /** Axis 1 of a sequence is `time` where it has the length of the inputs; other symbols remain. */
  const dynamic = (array: ArraySignature, sequence = array.shape.length > 1): ArraySignature => ({
    ...array,
    shape: array.shape.map((dim, axis) => {
      if (axis === 0) return "batch";
      return axis === 1 && sequence && dim === time ? "time" : dim;
    }),
  });
  const dynamicAll = (arrays: Readonly<Record<string, ArraySignature>>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, dynamic(array, isSequence(array))]));
  return {
    ...signature,
    inputs: dynamic(inputs, isSequence(inputs)),
    targets: mapTargets(targets, (array) => dynamic(array)),
    ...(side_inputs && { side_inputs: dynamicAll(side_inputs) }),
    ...(lengths && { lengths: dynamic(lengths) }),
    ...(target_lengths && { target_lengths: dynamic(target_lengths) }),
    ...(side_lengths && { side_lengths: dynamicAll(side_lengths) }),
    ...(weights && { weights: dynamic(weights) }),
    ...(initial_states && { initial_states: dynamicAll(initial_states) }),
  };
}
