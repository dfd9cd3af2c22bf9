/** What a model says of examples beside what is true of them: how often each class for each, numbers, or texts. */

export type Answers =
  /** `counts` by true class, then by said class. */
  | { readonly kind: "classes"; readonly names: readonly string[]; readonly counts: readonly (readonly number[])[] }
  | { readonly kind: "numbers"; readonly series: readonly NumberSeries[] }
  /** Without a truth where what is said has no one length. */
  | { readonly kind: "texts"; readonly texts: readonly { readonly truth: string | null; readonly said: string }[] };

/** One target column, an entry for each example and step. */
export interface NumberSeries {
  readonly name: string;
  readonly truth: readonly number[];
  readonly said: readonly number[];
}
