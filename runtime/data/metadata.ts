/** What a data source learnt of its training part, by its type: all that later data needs to be read, and predictions to be understood. */
import type { ScalerParameters } from "./scaler.js";

export type Metadata =
  | TextMetadata
  | TableMetadata
  | SequencesMetadata
  | PairsMetadata
  | ImagesMetadata
  | { readonly type: "arrays" };

export interface TextMetadata {
  readonly type: "text";
  readonly unit: "char" | "word" | "byte";
  /** Bytes are numbers. */
  readonly vocabulary: readonly (string | number)[];
  /** The id of units that have none of their own; absent where training met none. */
  readonly unknown?: number;
}

export interface TableMetadata {
  readonly type: "table";
  /** The columns that are inputs, in order. */
  readonly columns: readonly string[];
  readonly target: readonly string[];
  /** By column; those that are not here are not scaled. */
  readonly scaler: Readonly<Record<string, ScalerParameters>>;
  /** By class, where targets are classes; null where classes are numbers without other names. */
  readonly classes?: readonly string[] | null;
}

export interface SequencesMetadata {
  readonly type: "sequences";
  readonly unit: "char" | "word";
  /** Absent where steps are vectors. */
  readonly vocabulary?: readonly string[];
  readonly unknown?: number;
  readonly classes?: readonly string[] | null;
}

export interface PairsMetadata {
  readonly type: "pairs";
  readonly unit: "char" | "word";
  /** Null where sources are vectors. */
  readonly vocabulary: readonly string[] | null;
  readonly target_vocabulary: readonly string[];
  /** Steps, the end token among them. */
  readonly longest_target: number;
}

export interface ImagesMetadata {
  readonly type: "images";
  readonly rows: number;
  readonly columns: number;
  readonly classes: null;
}
