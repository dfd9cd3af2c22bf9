/** What a model says of examples beside what is true of them: how often each class for each, numbers, or texts. */

export type PredictionSummary =
  /** `counts` by true class, then by said class. */
  | { readonly kind: "classes"; readonly names: readonly string[]; readonly counts: readonly (readonly number[])[] }
  | { readonly kind: "numbers"; readonly series: readonly RegressionSeries[] }
  /** Without a truth where what is said has no one length. */
  | {
      readonly kind: "texts";
      readonly texts: readonly { readonly target: string | null; readonly predicted: string }[];
    };

/** One target column, an entry for each example and step. */
export interface RegressionSeries {
  readonly name: string;
  readonly target: readonly number[];
  readonly predicted: readonly number[];
}
