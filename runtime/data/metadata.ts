/**
 * Metadata that a data source fits on its training split (vocabulary, classes, scalers), for later data and
 * predictions.
 */
import type { NormalTextNormalization } from "../../schema/normal/index.js";
import { listFirst } from "../format.js";
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
  /** Absent where it changes no text. */
  readonly normalization?: NormalTextNormalization;
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
  readonly normalization?: NormalTextNormalization;
  /** Absent when steps are vectors. */
  readonly vocabulary?: readonly string[];
  readonly unknown?: number;
  readonly classes?: readonly string[] | null;
}

export interface PairsMetadata {
  readonly type: "pairs";
  readonly unit: "char" | "word";
  readonly normalization?: NormalTextNormalization;
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

/** Names of ids, and the unit in which several of them are joined. */
export interface IdNames {
  readonly names: TextMetadata["vocabulary"];
  readonly unit: TextMetadata["unit"];
}

/** Arrays of ids; others, such as lengths, are numbers. */
const idArrays = new Set(["inputs", "targets", "decoder_inputs"]);

/** The names of the ids in an array of a batch. Null where ids have no names, and for arrays of numbers. */
export function idNamesFor(name: string, metadata: Metadata): IdNames | null {
  if (!idArrays.has(name)) return null;
  const namesIn = (names: TextMetadata["vocabulary"] | null | undefined, unit: TextMetadata["unit"]) =>
    names ? { names, unit } : null;
  switch (metadata.type) {
    case "text":
      return namesIn(metadata.vocabulary, metadata.unit);
    case "pairs":
      return namesIn(name === "inputs" ? metadata.vocabulary : metadata.target_vocabulary, metadata.unit);
    case "sequences":
      return name === "inputs" ? namesIn(metadata.vocabulary, metadata.unit) : namesIn(metadata.classes, "word");
    case "table":
      return name === "targets" ? namesIn(metadata.classes, "word") : null;
    default:
      return null;
  }
}

/** The names of the classes by id; null where the ids are the labels, or targets are no classes. */
export function classNamesOf(metadata: Metadata): readonly string[] | null {
  return ("classes" in metadata ? metadata.classes : null) ?? null;
}

const MAX_LISTED_CLASSES = 20;

/** Classes with their ids: "0 ham, 1 spam". */
export function describeClasses(names: readonly string[]): string {
  return listFirst(
    names.map((name, id) => `${id} ${name}`),
    MAX_LISTED_CLASSES,
  );
}
