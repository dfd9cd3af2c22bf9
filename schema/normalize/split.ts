/** Checks of splits by their source, by folds and by groups: keys that do not go together. */
import type { Report } from "../diagnostics/index.js";
import type { NormalLinesSplit, NormalSplit, NormalTableSplit } from "../normal/index.js";

const path = "/data/split";

/** The keys of a split that do not go with its source. */
export function checkDefinedSplit(split: NormalLinesSplit, explicitTrain: number | undefined, report: Report): void {
  const { by, column, files, validation, test, stratify } = split;
  const refuse = (key: string, message: string, hint: string) =>
    report({ code: "split-by", path: `${path}/${key}`, message, hint });
  const hasFiles = files.validation !== null || files.test !== null;
  if (by !== "column" && column !== null)
    refuse("column", "Only a split by column has a column.", 'Write "by": "column".');
  if (by !== "files" && hasFiles) refuse("files", "Only a split by files has files.", 'Write "by": "files".');
  if (by === "files" && !hasFiles)
    refuse(
      "by",
      "A split by files needs the file of a held-out split.",
      'For example "files": { "test": "test.csv" }.',
    );
  if (by === "fraction") return;
  const fractions = { train: explicitTrain ?? 0, validation, test };
  const fraction = Object.entries(fractions).find(([, value]) => value > 0)?.[0];
  if (fraction !== undefined)
    refuse(
      fraction,
      `The ${by === "column" ? "column defines" : "files define"} the splits, not fractions.`,
      "Remove it.",
    );
  if (stratify) refuse("stratify", "Only a split by fractions is stratified.", "Remove it.");
}

/** The keys of a split that do not go with folds, or only with them. */
export function checkFolds(
  split: NormalSplit | NormalLinesSplit | NormalTableSplit,
  explicitTrain: number | undefined,
  report: Report,
): void {
  const { folds, fold, test, stratify } = split;
  const refuse = (key: string, message: string, hint: string) =>
    report({ code: "split-folds", path: `${path}/${key}`, message, hint });
  const group = "group" in split ? split.group : null;
  if (folds === null) {
    if (fold > 1) refuse("fold", "Only a split with folds has a fold.", 'For example "folds": 5.');
    if (group !== null) checkGroups(split, explicitTrain, refuse);
    return;
  }
  if ("by" in split && split.by !== "fraction")
    refuse(
      "folds",
      `The ${split.by === "column" ? "column defines" : "files define"} the splits, not folds.`,
      "Remove it.",
    );
  if (fold > folds) refuse("fold", `There is no fold ${fold} of ${folds}.`, `Write 1 to ${folds}.`);
  if (explicitTrain !== undefined)
    refuse("train", "The folds that are not for the test are for training.", "Remove it.");
  if (test > 0) refuse("test", "One fold is the test split.", "Remove it.");
  if (stratify && group !== null)
    refuse("stratify", "Folds of groups cannot have the same share of each class.", "Remove it, or the group.");
}

/** The keys of a split that do not go with whole groups in each split. */
function checkGroups(
  split: NormalSplit | NormalLinesSplit | NormalTableSplit,
  explicitTrain: number | undefined,
  refuse: (key: string, message: string, hint: string) => void,
): void {
  if ("by" in split && split.by !== "fraction") {
    const source = split.by === "column" ? "column defines" : "files define";
    refuse("group", `The ${source} the splits, not groups.`, "Remove it.");
  }
  if (split.stratify)
    refuse("stratify", "Groups cannot have the same share of each class.", "Remove it, or the group.");
  if (explicitTrain !== undefined) refuse("train", "The groups that are not held out are for training.", "Remove it.");
}
