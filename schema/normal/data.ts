/** The data of a spec after `normalize`, by its type. */

export type NormalData =
  | NormalTextData
  | NormalTableData
  | NormalSequencesData
  | NormalImagesData
  | NormalArraysData
  | NormalPairsData;

/** Parts of the data, which add up to at most 1: taken in order, or after shuffling by the spec's seed. */
export interface NormalSplit {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly order: "time" | "shuffled";
}

export interface NormalTextData {
  readonly type: "text";
  /** Exactly one of `text` (inline) and `file` is not null. `file` is relative to the spec. */
  readonly text: string | null;
  readonly file: string | null;
  readonly unit: "char" | "word" | "byte";
  readonly window: number;
  readonly stride: number;
  readonly vocabulary: NormalVocabulary;
  readonly split: NormalSplit;
}

/** Limits on the units that have an id of their own. */
export interface NormalVocabulary {
  /** The unknown included; null: no limit. */
  readonly size: number | null;
  readonly min_count: number;
}

export interface NormalTableData {
  readonly type: "table";
  readonly file: string;
  readonly header: boolean | "comment" | "auto";
  /** Empty: no line is a comment. */
  readonly comment: string;
  readonly delimiter: string | null;
  /** Names, or numbers from 1; null: all that hold numbers. */
  readonly columns: readonly (string | number)[] | null;
  /** The same; null: the inputs. */
  readonly target: readonly (string | number)[] | null;
  readonly window: number;
  readonly horizon: number;
  readonly stride: number;
  readonly reverse: boolean;
  readonly scale: "none" | "min_max" | "standard";
  readonly missing: "error" | "drop" | "previous";
  readonly split: NormalSplit;
}

export interface NormalSequencesData {
  readonly type: "sequences";
  readonly file: string;
  readonly unit: "word" | "char";
  readonly vocabulary: NormalVocabulary;
  readonly max_length: number | null;
  readonly buckets: number;
  readonly split: NormalSplit;
}

export interface NormalImagesData {
  readonly type: "images";
  readonly file: string;
  readonly labels: string;
  readonly limit: number | null;
  readonly split: NormalSplit;
}

/** Nested lists, or a `.npy`/`.json` file relative to the spec, or an array of an `.npz` file: "data.npz#x". */
export type ArraySource = string | NestedNumbers;
export type NestedNumbers = number | readonly NestedNumbers[];

export interface NormalArraysData {
  readonly type: "arrays";
  /** One array, or several by the names that layers give in "from"; the first of them is also called `inputs`. */
  readonly inputs: ArraySource | Readonly<Record<string, ArraySource>>;
  readonly targets: ArraySource;
  readonly lengths: ArraySource | null;
  readonly weights: ArraySource | null;
  /** First states by public name. */
  readonly initial_states: Readonly<Record<string, ArraySource>>;
  readonly split: NormalSplit;
}

export interface NormalPairsData {
  readonly type: "pairs";
  /** Exactly one of `pairs` (inline) and `file` is not null. `file` is relative to the spec. */
  readonly pairs: readonly (readonly [string | readonly number[], string])[] | null;
  readonly file: string | null;
  readonly unit: "char" | "word";
  readonly split: NormalSplit;
}
