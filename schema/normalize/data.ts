/** Data with its defaults: the training split is the rest of the other splits, unless it is given. */
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { horizonRows } from "../kinds/horizon.js";
import { isRowCount } from "../kinds/split.js";
import type { DataSplit, NormalData, NormalPairsData } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { checkAudio } from "./audio.js";
import { checkDefinedSplit, checkFolds } from "./split.js";
import { checkRows, checkTableSplit, checkTexts } from "./table.js";
import { checkTextKeys } from "./text-keys.js";

const path = "/data/split";

/** Rounding error of a sum of fractions. */
const tolerance = 1e-9;

/**
 * The data with its stride: windows that carry states are consecutive, others start at every unit or row. Rows without
 * windows are shuffled, and have their targets.
 */
export function withStride(data: Spec["data"], stateful: boolean): Spec["data"] {
  if (data.type !== "text" && data.type !== "table") return data;
  const { window = null } = data;
  if (window === null && data.type === "table")
    return {
      ...data,
      horizon: [...horizonRows(data.horizon ?? 0)],
      stride: data.stride ?? 1,
      split: { order: "shuffled", ...data.split },
    };
  const stride = data.stride ?? (stateful ? (window ?? 1) : 1);
  return data.type === "table"
    ? { ...data, horizon: [...horizonRows(data.horizon ?? 1)], stride }
    : { ...data, stride };
}

/** @param data with its defaults, except `split.train`, which depends on the other fractions. */
export function normalizeData(data: NormalData, recordOrigin: RecordOrigin, report: Report): NormalData {
  if (data.type === "text") checkTextKeys({ ...data, key: "normalization", fewest: 257 }, "/data", report);
  if (data.type === "sequences" || data.type === "pairs")
    checkTextKeys(
      { ...data, normalization: data.text, key: "text", fewest: data.type === "pairs" ? 260 : 257 },
      "/data",
      report,
    );
  checkRows(data, report);
  checkTexts(data, report);
  checkTableSplit(data, report);
  if (data.type === "audio") checkAudio(data, report);
  const given: Omit<DataSplit, "train"> & Partial<DataSplit> = data.split;
  const { train: explicitTrain, validation, test } = given;
  // Numbers of rows take none of the fractions, which are of the rows that they leave.
  const heldOut = [validation, test].filter((share) => !isRowCount(share)).reduce((sum, share) => sum + share, 0);
  const remainder = 1 - heldOut;
  if ((explicitTrain ?? 0) > remainder + tolerance) report(sumTooLarge((explicitTrain ?? 0) + heldOut));
  else if (explicitTrain === undefined && remainder < tolerance) report(noTrainingData);
  const train = explicitTrain ?? Number(remainder.toPrecision(12));
  if ("stratify" in given && given.stratify && data.type === "pairs") report(noClassesOfPairs);
  // A normal spec has the rest as its fraction, which is none of its own.
  const isRest = explicitTrain !== undefined && Math.abs(explicitTrain - remainder) < tolerance;
  const fraction = isRest ? undefined : explicitTrain;
  if ("by" in data.split) checkDefinedSplit(data.split, fraction, report);
  if ("folds" in data.split) checkFolds(data.split, fraction, report);
  const split = recordOrigin(Object.assign({ train }, given, { train }), path);
  const filled = { ...data, ...(data.type === "pairs" && { header: hasHeader(data) }), split };
  // The split is that of the type of the data, with its training fraction.
  return recordOrigin(filled as NormalData, "/data");
}

/** Columns have names where the spec selects them, and in CSV files. */
function hasHeader({ header, columns, file }: Omit<NormalPairsData, "header"> & Partial<NormalPairsData>): boolean {
  if (header !== undefined) return header;
  return (
    columns.source !== null ||
    columns.target !== null ||
    /\.(?:csv(?:\.gz)?|parquet|pq|arrows?|feather|ipc)$/i.test(file ?? "")
  );
}

function sumTooLarge(sum: number): Problem {
  const message = `The fractions of the split add up to ${Number(sum.toPrecision(6))}, more than 1.`;
  return { code: "split-sum", path, message, hint: "For example 0.7, 0.15 and 0.15." };
}

/** True for data with a validation split, as far as the spec shows; null where the data defines it. */
export function hasValidation({ split }: NormalData): boolean | null {
  if (!("by" in split) || split.by === "fraction") return split.validation > 0;
  return split.by === "column" ? null : split.files.validation !== null;
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
