/** The data in full: the training part, where the split does not give it, is what the other parts leave. */
import type { Problem, Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import type { DataSplit, NormalData } from "../normal/index.js";
import type { Spec } from "../spec.types.js";

const path = "/data/split";

/** Sums of parts may miss 1 by rounding. */
const tolerance = 1e-9;

/** The data with its stride: windows that carry states follow one another, others begin at every place. */
export function withStride(data: Spec["data"], stateful: boolean): Spec["data"] {
  return "window" in data ? { ...data, stride: data.stride ?? (stateful ? data.window : 1) } : data;
}

/** `filled` has its defaults, but perhaps no `split.train`: that one hangs on the others. */
export function normalizeData(data: NormalData, recordOrigin: RecordOrigin, report: Report): NormalData {
  const { train: explicitTrain, validation, test, order }: Omit<DataSplit, "train"> & Partial<DataSplit> = data.split;
  const remainder = 1 - validation - test;
  if ((explicitTrain ?? 0) > remainder + tolerance) report(sumTooLarge((explicitTrain ?? 0) + validation + test));
  else if (explicitTrain === undefined && remainder < tolerance) report(noTrainingData);
  const train = explicitTrain ?? Number(remainder.toPrecision(12));
  return recordOrigin({ ...data, split: recordOrigin({ train, validation, test, order }, path) }, "/data");
}

function sumTooLarge(sum: number): Problem {
  const message = `The parts of the split add up to ${Number(sum.toPrecision(6))}, which is more than 1.`;
  return { code: "split-sum", path, message, hint: "They are fractions of the data, such as 0.7, 0.15 and 0.15." };
}

const noTrainingData: Problem = {
  code: "split-sum",
  path,
  message: "The validation and test parts of the split leave nothing to train on.",
  hint: "Together they must be less than 1.",
};
