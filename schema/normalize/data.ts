/** The data in full: the training part, where the split does not give it, is what the other parts leave. */
import type { Problem, Report } from "../diagnostics.js";
import type { NormalData, NormalSplit } from "../normal.js";
import type { Mark } from "../origins.js";
import type { Spec } from "../spec.types.js";

const path = "/data/split";

/** Sums of parts may miss 1 by rounding. */
const rounding = 1e-9;

/** The data with its stride: windows that carry states follow one another, others begin at every place. */
export function withStride(data: Spec["data"], stateful: boolean): Spec["data"] {
  return "window" in data ? { ...data, stride: data.stride ?? (stateful ? data.window : 1) } : data;
}

/** `filled` has its defaults, but perhaps no `split.train`: that one hangs on the others. */
export function normalizeData(filled: NormalData, mark: Mark, report: Report): NormalData {
  const { train: given, validation, test, order }: Omit<NormalSplit, "train"> & Partial<NormalSplit> = filled.split;
  const rest = 1 - validation - test;
  if ((given ?? 0) > rest + rounding) report(tooMuch((given ?? 0) + validation + test));
  else if (given === undefined && rest < rounding) report(nothingLeft);
  const train = given ?? Number(rest.toPrecision(12));
  return mark({ ...filled, split: mark({ train, validation, test, order }, path) }, "/data");
}

function tooMuch(sum: number): Problem {
  const message = `The parts of the split add up to ${Number(sum.toPrecision(6))}, which is more than 1.`;
  return { code: "split-sum", path, message, hint: "They are fractions of the data, such as 0.7, 0.15 and 0.15." };
}

const nothingLeft: Problem = {
  code: "split-sum",
  path,
  message: "The validation and test parts of the split leave nothing to train on.",
  hint: "Together they must be less than 1.",
};
