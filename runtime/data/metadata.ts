/**
 * Metadata that a data source fits on its training split (vocabulary, classes, scalers), for later data and
 * predictions.
 */
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
  /** The id of units outside of the vocabulary; absent when every unit has an id. */
  readonly unknown?: number;
}

export interface TableMetadata {
  readonly type: "table";
  /** The input columns, in order. */
  readonly columns: readonly string[];
  readonly target: readonly string[];
  /** By column; other columns are not scaled. */
  readonly scaler: Readonly<Record<string, ScalerParameters>>;
  /** By class id, if targets are classes; null when the labels are the ids. */
  readonly classes?: readonly string[] | null;
}

export interface SequencesMetadata {
  readonly type: "sequences";
  readonly unit: "char" | "word";
  /** Absent when steps are vectors. */
  readonly vocabulary?: readonly string[];
  readonly unknown?: number;
  readonly classes?: readonly string[] | null;
}

export interface PairsMetadata {
  readonly type: "pairs";
  readonly unit: "char" | "word";
  /** Null when sources are vectors. */
  readonly vocabulary: readonly string[] | null;
  readonly target_vocabulary: readonly string[];
  /** Steps, including the end token. */
  readonly longest_target: number;
}

export interface ImagesMetadata {
  readonly type: "images";
  readonly rows: number;
  readonly columns: number;
  readonly classes: null;
}
