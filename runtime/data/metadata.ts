/**
 * Metadata that a data source fits on its training split (vocabulary, classes, scalers), for later data and
 * predictions.
 */

import type { SeriesScales } from "../../compiler/signature.js";
import type { DateFeature } from "../../schema/kinds/columns.js";
import { targetOfPort } from "../../schema/kinds/outputs.js";
import type { NormalTextNormalization } from "../../schema/normal/index.js";
import { listFirst } from "../format.js";
import type { TimeStep } from "./formats/time-step.js";
import type { TimeNotation } from "./formats/time-values.js";
import type { ScalerParameters } from "./scaler.js";
import type { TextTokenizer } from "./vocabulary/text-tokenizer.js";

export type Metadata =
  | TextMetadata
  | TableMetadata
  | SequencesMetadata
  | PairsMetadata
  | ImagesMetadata
  | AudioMetadata
  | { readonly type: "arrays" };

export interface TextMetadata {
  readonly type: "text";
  readonly unit: "char" | "word" | "byte" | "bpe";
  /** Absent where it changes no text. */
  readonly normalization?: NormalTextNormalization;
  /** Of the unit bpe. */
  readonly tokenizer?: TextTokenizer;
  /** Bytes are numbers. */
  readonly vocabulary: readonly (string | number)[];
  /** The id of units outside of the vocabulary; absent when every unit has an id. */
  readonly unknown?: number;
}

/** The column behind an input of ids: its categories by id, or the calendar feature of its dates. */
export type IdColumn =
  | { readonly column: string; readonly categories: readonly string[] }
  | { readonly column: string; readonly feature: DateFeature };

/** The column behind an input of tokens: the text is divided, changed and numbered as that of sequences. */
export interface TextColumn extends Pick<SequencesMetadata, "unit" | "normalization" | "tokenizer"> {
  readonly column: string;
  readonly vocabulary: readonly string[];
  readonly unknown?: number;
  /** Units of a longer text that are read. */
  readonly max_length?: number;
}

export interface TableMetadata {
  readonly type: "table";
  /** The input columns of numbers, in order. */
  readonly columns: readonly string[];
  /** Of inputs of ids, by their names; after the categories come the id of an empty field and that of other values. */
  readonly ids?: Readonly<Record<string, IdColumn>>;
  /** Of inputs of tokens, by their names. */
  readonly texts?: Readonly<Record<string, TextColumn>>;
  readonly target: readonly string[];
  /** The columns of `future`, in order. */
  readonly known_future?: readonly string[];
  /** The column of times with its notation, and the step of the rows; null where they have none. */
  readonly time?: { readonly column: string; readonly notation: TimeNotation; readonly step: TimeStep | null };
  /** The numbers of an output by name where it is of several rows: the columns of each row in turn. */
  readonly outputs?: readonly string[];
  /** By column: the value in place of a missing one. */
  readonly fill?: Readonly<Record<string, number>>;
  /** The columns of `static`, in order. */
  readonly static?: readonly string[];
  /** Of series with scales of their own, by id: the values of the columns that name them, and the scales of `columns`. */
  readonly series?: SeriesScales & { readonly names: readonly (readonly string[])[] };
  /** By column; other columns are not scaled. */
  readonly scaler: Readonly<Record<string, ScalerParameters>>;
  /** By class id, if targets are classes; null when the labels are the ids. */
  readonly classes?: readonly string[] | null;
  /** Of several targets, by name; `target` then has the columns of all, and `classes` is absent. */
  readonly targets?: Readonly<Record<string, Pick<TableMetadata, "target" | "classes" | "outputs">>>;
}

export interface SequencesMetadata {
  readonly type: "sequences";
  readonly unit: "char" | "word" | "bpe";
  readonly normalization?: NormalTextNormalization;
  readonly tokenizer?: TextTokenizer;
  /** Absent when steps are vectors. */
  readonly vocabulary?: readonly string[];
  readonly unknown?: number;
  readonly classes?: readonly string[] | null;
  /** Of several targets, by name; `classes` is then absent. */
  readonly targets?: Readonly<Record<string, Pick<SequencesMetadata, "classes">>>;
}

export interface PairsMetadata {
  readonly type: "pairs";
  readonly unit: "char" | "word" | "bpe";
  readonly normalization?: NormalTextNormalization;
  readonly tokenizer?: TextTokenizer;
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

export interface AudioMetadata {
  readonly type: "audio";
  /** Samples per second. */
  readonly sample_rate: number;
  readonly classes: readonly string[] | null;
}

/** Names of ids, and the unit in which several of them are joined. */
export interface IdNames extends Pick<TextMetadata, "unit" | "tokenizer"> {
  readonly names: TextMetadata["vocabulary"];
}

/** The metadata of one of several targets, as of data with this target alone. */
export function metadataOf<M extends Metadata>(metadata: M, target: string): M {
  if (!("targets" in metadata) || metadata.targets === undefined) return metadata;
  const { targets, ...shared } = metadata;
  return { ...shared, ...(targets as Readonly<Record<string, object>>)[target] } as unknown as M;
}

/** The column of a number of an output, by its index: an output of several rows has the columns of each. */
export function columnOfOutput({ target }: Pick<TableMetadata, "target">, index: number): string | undefined {
  return target[index % target.length];
}

/** Arrays of ids; others, such as lengths, are numbers. */
const idArrays = new Set(["inputs", "targets", "decoder_inputs"]);

/** The names of the ids in an array of a batch. Null where ids have no names, and for arrays of numbers. */
export function idNamesFor(name: string, metadata: Metadata): IdNames | null {
  const target = targetOfPort(name);
  if (target !== undefined) return idNamesFor("targets", metadataOf(metadata, target));
  const column = metadata.type === "table" ? idColumnOf(name, metadata) : undefined;
  if (column !== undefined)
    return "categories" in column ? { names: [...column.categories, ...otherCategories], unit: "word" } : null;
  const text = metadata.type === "table" ? textColumnOf(name, metadata) : undefined;
  if (text !== undefined) return namesIn(text.vocabulary, text);
  if (!idArrays.has(name)) return null;
  switch (metadata.type) {
    case "text":
      return namesIn(metadata.vocabulary, metadata);
    case "pairs":
      return namesIn(name === "inputs" ? metadata.vocabulary : metadata.target_vocabulary, metadata);
    case "sequences":
      return name === "inputs" ? namesIn(metadata.vocabulary, metadata) : namesIn(metadata.classes);
    case "audio":
    case "table":
      return name === "targets" ? namesIn(metadata.classes) : null;
    default:
      return null;
  }
}

function namesIn(
  names: IdNames["names"] | null | undefined,
  { unit, tokenizer }: Omit<IdNames, "names"> = { unit: "word" },
): IdNames | null {
  return names ? { names, unit, ...(tokenizer !== undefined && { tokenizer }) } : null;
}

/** The names of the ids after the categories: of an empty field, and of other values. */
export const otherCategories = ["<missing>", "<unknown>"] as const;

/** The column behind an input of a table; without numbers the first one is `inputs`. */
function idColumnOf(name: string, { columns, ids = {} }: TableMetadata): IdColumn | undefined {
  const isMain = name === "inputs" && columns.length === 0;
  return isMain ? Object.values(ids)[0] : Object.hasOwn(ids, name) ? ids[name] : undefined;
}

/** The column of texts behind an input of a table; without other columns the first one is `inputs`. */
function textColumnOf(name: string, { columns, ids = {}, texts = {} }: TableMetadata): TextColumn | undefined {
  const isMain = name === "inputs" && columns.length === 0 && Object.keys(ids).length === 0;
  return isMain ? Object.values(texts)[0] : Object.hasOwn(texts, name) ? texts[name] : undefined;
}

export type ClassNames = ReadonlyMap<string | null, readonly string[]>;

/**
 * The names of the classes by id, of several targets by target; none where the ids are the labels, or targets are no
 * classes. The name of the only target is null.
 */
export function classNamesOf(metadata: Metadata): ClassNames {
  const named = "targets" in metadata && metadata.targets !== undefined ? Object.entries(metadata.targets) : null;
  const only = "classes" in metadata ? metadata.classes : null;
  const entries = named?.map(([name, { classes }]) => [name, classes] as const) ?? [[null, only] as const];
  return new Map(entries.flatMap(([name, classes]) => (classes ? [[name, classes] as const] : [])));
}

const MAX_LISTED_CLASSES = 20;

/** Classes with their ids: "0 ham, 1 spam". */
export function describeClasses(names: ClassNames): string {
  const lists = [...names].map(([target, classes]) => {
    const list = listFirst(
      classes.map((name, id) => `${id} ${name}`),
      MAX_LISTED_CLASSES,
    );
    return target === null ? list : `${target}: ${list}`;
  });
  return lists.join("; ");
}

/** The member of a record that names the classes: a list, of several targets an object; none without classes. */
export function classesRecord(names: ClassNames): {
  readonly classes?: readonly string[] | Readonly<Record<string, readonly string[]>>;
} {
  const only = names.get(null);
  if (only !== undefined) return { classes: only };
  const entries = [...names].map(([target, classes]) => [target ?? "", classes] as const);
  return entries.length === 0 ? {} : { classes: Object.fromEntries(entries) };
}
