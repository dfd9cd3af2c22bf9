/** What the data says of itself: plain data, so that the compiler opens no data file. */

/** One array that the data feeds, batch first. Dims are numbers, or `batch` and `time` where they vary. */
export interface ArraySignature {
  readonly dtype: "float32" | "int64" | "int32";
  readonly shape: readonly (number | string)[];
}

export interface Signature {
  /** Token ids [batch, time], features [batch, time, features], or rows [batch, features]. */
  readonly inputs: ArraySignature;
  readonly targets: ArraySignature;
  /** Live steps of each sequence, [batch], int64. */
  readonly lengths?: ArraySignature;
  /** Multiplies each step's loss, [batch, time], float32. */
  readonly weights?: ArraySignature;
  /** First states by public name (`rnn/0/h`), [batch, size]. */
  readonly initial_states?: Readonly<Record<string, ArraySignature>>;
  /** Sizes that specs may name: "vocabulary", "classes", "features". A string stands for a size that is not known yet. */
  readonly sizes: Readonly<Record<string, number | string>>;
  /** What `batch` and `time` will be, as a hint for cost decisions. */
  readonly expected: Readonly<Record<"batch" | "time", number>>;
}

/** The same data in batches and sequences of any size: what evaluation and inference are compiled for. */
export function withAnyBatch(signature: Signature): Signature {
  const isSequence = signature.inputs.dtype !== "float32" || signature.inputs.shape.length > 2;
  const free = (array: ArraySignature, perStep: boolean): ArraySignature => ({
    ...array,
    shape: array.shape.map((dim, axis) => (axis === 0 ? "batch" : axis === 1 && perStep ? "time" : dim)),
  });
  const time = signature.inputs.shape[1];
  // Targets and weights have a time axis where they are as long as the inputs.
  const like = (array: ArraySignature) => free(array, isSequence && array.shape.length > 1 && array.shape[1] === time);
  return {
    ...signature,
    inputs: free(signature.inputs, isSequence),
    targets: like(signature.targets),
    ...(signature.lengths && { lengths: free(signature.lengths, false) }),
    ...(signature.weights && { weights: like(signature.weights) }),
    ...(signature.initial_states && {
      initial_states: Object.fromEntries(
        Object.entries(signature.initial_states).map(([name, array]) => [name, free(array, false)]),
      ),
    }),
  };
}
