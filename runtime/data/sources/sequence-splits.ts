/** Splits of sequences that the data defines: by a column with the split of each line, or by files. */
import type { NormalSequencesData } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn } from "../formats/columns.js";
import type { Line } from "../formats/json-line.js";
import { type Splits, splitExamples } from "../splits.js";

/** A file of examples. */
export interface SplitFile {
  readonly file: string;
  /** The JSON pointer of the key that names it. */
  readonly path: string;
  /** The split of its examples; null where the file does not define it. */
  readonly part: keyof Splits | null;
}

/** The files of the data, the training split first. */
export function filesOf({ file, split }: NormalSequencesData): readonly SplitFile[] {
  if (split.by !== "files") return [{ file, path: "/data/file", part: null }];
  const heldOut = (["validation", "test"] as const).flatMap((part): readonly SplitFile[] => {
    const name = split.files[part];
    return name === null ? [] : [{ file: name, path: `/data/split/files/${part}`, part }];
  });
  return [{ file, path: "/data/file", part: "train" }, ...heldOut];
}

const partNames: ReadonlyMap<string, keyof Splits> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "validation"],
  ["valid", "validation"],
  ["validation", "validation"],
  ["dev", "validation"],
  ["test", "test"],
  ["testing", "test"],
]);

interface PartFault {
  readonly fault: string;
  readonly hint: string;
}

/** The split that a line names in the column of a split by column. */
export function partOf({ split }: NormalSequencesData, line: Line): Result<keyof Splits, PartFault> {
  const keys = Object.keys(line);
  const found = findColumn(split.column ?? "split", keys);
  if (!found.ok) return fail(found.error);
  const value = String(line[keys[found.value] ?? ""]);
  const part = partNames.get(value.trim().toLowerCase());
  if (part !== undefined) return ok(part);
  return fail({ fault: `has the split ${JSON.stringify(value)}`, hint: "Write train, validation or test." });
}

/** The line of an example, with its file where the data has several. */
export function placeOf(
  { split }: NormalSequencesData,
  { file, line }: { readonly file: string; readonly line: number },
): number | string {
  return split.by === "files" ? `${file}:${line}` : line;
}

/** The splits of examples: those that the data defines, or by fractions. */
export function splitSequences(
  { split }: NormalSequencesData,
  seed: number,
  parts: readonly (keyof Splits | null)[],
  classes: readonly number[] | null,
): Result<Splits> {
  if (split.by === "fraction") return splitExamples(split, seed, parts.length, classes);
  const indicesOf = (part: keyof Splits) =>
    Uint32Array.from(parts.flatMap((own, index) => (own === part ? [index] : [])));
  const splits = { train: indicesOf("train"), validation: indicesOf("validation"), test: indicesOf("test") };
  if (splits.train.length > 0) return ok(splits);
  const message = "No line is of the training split.";
  return fail([{ code: "empty-split", path: "/data/split/column", message, hint: "Write train in some lines." }]);
}
