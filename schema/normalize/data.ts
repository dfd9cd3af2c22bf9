/** Data with its defaults: the training split is the rest of the other splits, unless it is given. */
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import type { DataSplit, NormalData, NormalPairsData } from "../normal/index.js";
import type { Spec } from "../spec.types.js";

const path = "/data/split";

/** Rounding error of a sum of fractions. */
const tolerance = 1e-9;

/** The data with its stride: windows that carry states are consecutive, others start at every unit or row. */
export function withStride(data: Spec["data"], stateful: boolean): Spec["data"] {
  return "window" in data ? { ...data, stride: data.stride ?? (stateful ? data.window : 1) } : data;
}

/** @param data with its defaults, except `split.train`, which depends on the other fractions. */
export function normalizeData(data: NormalData, recordOrigin: RecordOrigin, report: Report): NormalData {
  checkNormalization(data, report);
  const given: Omit<DataSplit, "train"> & Partial<DataSplit> = data.split;
  const { train: explicitTrain, validation, test } = given;
  const remainder = 1 - validation - test;
  if ((explicitTrain ?? 0) > remainder + tolerance) report(sumTooLarge((explicitTrain ?? 0) + validation + test));
  else if (explicitTrain === undefined && remainder < tolerance) report(noTrainingData);
  const train = explicitTrain ?? Number(remainder.toPrecision(12));
  if ("stratify" in given && given.stratify && data.type === "pairs") report(noClassesOfPairs);
  const split = recordOrigin(Object.assign({ train }, given, { train }), path);
  const filled = { ...data, ...(data.type === "pairs" && { header: hasHeader(data) }), split };
  // The split is that of the type of the data, with its training fraction.
  return recordOrigin(filled as NormalData, "/data");
}

/** Words and characters have normalization; only words are split. */
function checkNormalization(data: NormalData, report: Report): void {
  if (data.type !== "text" && data.type !== "sequences" && data.type !== "pairs") return;
  const [key, normalization] =
    data.type === "text" ? (["normalization", data.normalization] as const) : (["text", data.text] as const);
  const { normalize, lowercase, punctuation } = normalization;
  const isChanged = normalize !== "none" || lowercase || punctuation !== "keep";
  if (data.unit === "byte" && isChanged) report(noNormalization);
  if (data.unit === "char" && punctuation === "split") report({ ...noSplit, path: `/data/${key}/punctuation` });
}

const noNormalization: Problem = {
  code: "text-normalization",
  path: "/data/normalization",
  message: "Bytes are read as they are: a text of bytes has no normalization.",
  hint: 'Remove data.normalization, or set "unit": "char".',
};

const noSplit: Omit<Problem, "path"> = {
  code: "text-normalization",
  message: "Each character is a unit of its own, so punctuation cannot be split from words.",
  hint: 'Write "keep" or "drop", or set "unit": "word".',
};

/** Columns have names where the spec selects them, and in CSV files. */
function hasHeader({ header, columns, file }: Omit<NormalPairsData, "header"> & Partial<NormalPairsData>): boolean {
  if (header !== undefined) return header;
  return columns.source !== null || columns.target !== null || /\.csv(?:\.gz)?$/i.test(file ?? "");
}

function sumTooLarge(sum: number): Problem {
  const message = `The fractions of the split add up to ${Number(sum.toPrecision(6))}, more than 1.`;
  return { code: "split-sum", path, message, hint: "For example 0.7, 0.15 and 0.15." };
}

const noClassesOfPairs: Problem = {
  code: "split-stratify",
  path: `${path}/stratify`,
  message: "Pairs have no classes that the splits could share.",
  hint: "Remove data.split.stratify.",
};

const noTrainingData: Problem = {
  code: "split-sum",
  path,
  message: "The validation and test splits leave no examples for training.",
  hint: "Their sum must be less than 1.",
};
