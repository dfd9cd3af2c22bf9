/** What the data says of itself: plain data, so that the compiler opens no data file. */

/** One array that the data feeds, batch first. Dims are numbers, or `batch` and `time` where they vary. */
export interface ArraySignature {
  readonly dtype: "float32" | "int64" | "int32";
  readonly shape: readonly (number | string)[];
}

export interface Signature {
  /** Token ids [batch, time], features [batch, time, features], or rows [batch, features]. */
  readonly inputs: ArraySignature;
  /** A second name of `inputs`, where the data gives it one. */
  readonly main_input?: string;
  /** Inputs besides `inputs`, by the name that layers give in "from": `decoder_inputs`. */
  readonly side_inputs?: Readonly<Record<string, ArraySignature>>;
  readonly targets: ArraySignature;
  /** Live steps of each sequence, [batch], int64. */
  readonly lengths?: ArraySignature;
  /** Live steps of the targets and of what is as long as they are, [batch], int64. */
  readonly target_lengths?: ArraySignature;
  /** Multiplies each step's loss, [batch, time], float32. */
  readonly weights?: ArraySignature;
  /** First states by public name (`rnn/0/h`), [batch, size]. */
  readonly initial_states?: Readonly<Record<string, ArraySignature>>;
  /** Sizes that specs may name: "vocabulary", "classes", "features". A string stands for a size that is not known yet. */
  readonly sizes: Readonly<Record<string, number | string>>;
  /** What `time` is in every batch of training, where it is always the same. */
  readonly steps?: number;
  /** What `batch` and `time` will be, as a hint for cost decisions. */
  readonly expected: Readonly<Record<string, number>> & { readonly batch: number; readonly time: number };
}

/** Token ids [batch, time] and features [batch, time, features] are sequences; features [batch, features] are not. */
export function isSequence({ dtype, shape }: ArraySignature): boolean {
  return dtype !== "float32" || shape.length > 2;
}

/** The same data with its number of steps written out, where that is always the same: what can be unrolled. */
export function withStaticTime(signature: Signature): Signature {
  const { steps, inputs, side_inputs, targets, weights } = signature;
  if (steps === undefined) return signature;
  const withStatic = (array: ArraySignature): ArraySignature => ({
    ...array,
    shape: array.shape.map((dim) => (dim === "time" ? steps : dim)),
  });
  return {
    ...signature,
    inputs: withStatic(inputs),
    targets: withStatic(targets),
    ...(weights && { weights: withStatic(weights) }),
    ...(side_inputs && {
      side_inputs: Object.fromEntries(Object.entries(side_inputs).map(([name, array]) => [name, withStatic(array)])),
    }),
  };
}

/** The same data in portions of a batch. */
export function perMicroBatch(signature: Signature, microBatches: number): Signature {
  const { expected } = signature;
  return { ...signature, expected: { ...expected, batch: Math.max(1, Math.floor(expected.batch / microBatches)) } };
}

/** The same data in batches and sequences of any size: what evaluation and inference are compiled for. */
export function withDynamicShapes(signature: Signature): Signature {
  const { inputs, side_inputs, targets, lengths, target_lengths, weights, initial_states } = signature;
  const time = isSequence(inputs) ? inputs.shape[1] : undefined;
  /** An axis behind the batch is time where it is as long as the inputs, and the targets' own time where it is named so. */
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
    targets: dynamic(targets),
    ...(side_inputs && { side_inputs: dynamicAll(side_inputs) }),
    ...(lengths && { lengths: dynamic(lengths) }),
    ...(target_lengths && { target_lengths: dynamic(target_lengths) }),
    ...(weights && { weights: dynamic(weights) }),
    ...(initial_states && { initial_states: dynamicAll(initial_states) }),
  };
}
