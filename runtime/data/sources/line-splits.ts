/** Splits of lines that the data defines: by a column with the split of each line, by files, or by groups. */
import type { NormalLinesSplit } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import { splitFolds, splitGroups } from "../folds.js";
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

/** Data of lines, as far as their splits depend on it. */
interface LinesData {
  readonly file: string;
  readonly split: NormalLinesSplit;
}

/** The files of the data, the training split first. */
export function filesOf({ file, split }: LinesData): readonly SplitFile[] {
  if (split.by !== "files") return [{ file, path: "/data/file", part: null }];
  const heldOut = (["validation", "test"] as const).flatMap((part): readonly SplitFile[] => {
    const name = split.files[part];
    return name === null ? [] : [{ file: name, path: `/data/split/files/${part}`, part }];
  });
  return [{ file, path: "/data/file", part: "train" }, ...heldOut];
}

/** The split with each file's name replaced. */
export function mapSplitFiles(split: NormalLinesSplit, rename: (file: string) => string): NormalLinesSplit {
  const { validation, test } = split.files;
  const files = {
    validation: validation === null ? null : rename(validation),
    test: test === null ? null : rename(test),
  };
  return { ...split, files };
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
function partOf({ split }: Pick<LinesData, "split">, line: Line): Result<keyof Splits, PartFault> {
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
  { split }: Pick<LinesData, "split">,
  { file, line }: { readonly file: string; readonly line: number },
): number | string {
  return split.by === "files" ? `${file}:${line}` : line;
}

/** The group that a line names in the column of a split in folds; an empty one is a fault. */
function groupOf({ split }: Pick<LinesData, "split">, line: Line): Result<string, PartFault> {
  const keys = Object.keys(line);
  const found = findColumn(split.group ?? "", keys);
  if (!found.ok) return fail(found.error);
  const value = line[keys[found.value] ?? ""];
  const isNamed = (typeof value === "string" && value !== "") || ["number", "boolean"].includes(typeof value);
  return isNamed ? ok(String(value)) : fail({ fault: "has no group", hint: "Fill it in, or leave the line out." });
}

/** The split and the group of an example, as far as its line defines them. */
export interface LinePlace {
  readonly part: keyof Splits | null;
  readonly group: string | null;
}

/**
 * Reads the split and the group of a line.
 *
 * @param part that its file defines.
 * @returns the problem with the JSON pointer of its key.
 */
export function readPlace(
  data: Pick<LinesData, "split">,
  line: Line,
  part: keyof Splits | null,
): Result<LinePlace, PartFault & { readonly path: string }> {
  const own = data.split.by === "column" ? partOf(data, line) : ok(part);
  if (!own.ok) return fail({ ...own.error, path: "/data/split/column" });
  const group = data.split.group === null ? ok(null) : groupOf(data, line);
  if (!group.ok) return fail({ ...group.error, path: "/data/split/group" });
  return ok({ part: own.value, group: group.value });
}

/** True for a split that reads a column. */
export function readsColumn({ split }: Pick<LinesData, "split">): boolean {
  return split.by === "column" || split.group !== null;
}

/** The splits of examples: those that the data defines, by fractions, or folds. */
export function splitLines(
  { split }: Pick<LinesData, "split">,
  seed: number,
  examples: readonly LinePlace[],
  classes: readonly number[] | null,
): Result<Splits> {
  const { folds } = split;
  const groups = split.group === null ? null : examples.map(({ group }) => group ?? "");
  if (folds !== null) {
    return splitFolds({ ...split, folds }, seed, { examples: examples.length, classes, groups });
  }
  if (groups !== null) return splitGroups(split, seed, groups);
  if (split.by === "fraction") return splitExamples(split, seed, examples.length, classes);
  const indicesOf = (part: keyof Splits) =>
    Uint32Array.from(examples.flatMap(({ part: own }, index) => (own === part ? [index] : [])));
  const splits = { train: indicesOf("train"), validation: indicesOf("validation"), test: indicesOf("test") };
  if (splits.train.length > 0) return ok(splits);
  const message = "No line is of the training split.";
  return fail([{ code: "empty-split", path: "/data/split/column", message, hint: "Write train in some lines." }]);
}
