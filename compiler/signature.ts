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
