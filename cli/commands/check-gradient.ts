/** `rnnx check-gradient`: the gradient of a spec against differences of its loss, as a table. Writes no run. */
import { resolve } from "node:path";
import type { EntryComparison, TensorCheck } from "../../compiler/inspect/check-gradient/index.js";
import { formatCount, formatInteger, formatNumber } from "../../runtime/format.js";
import type { RunProblem } from "../../runtime/problem.js";
import type { GradientReport } from "../../runtime/training/check-gradient.js";
import type { Override } from "../../schema/parse/overrides.js";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { reportRunFailure } from "../open-run.js";
import { openSpec, printCodeFrames } from "../open-spec.js";
import { initOption, integerParser, optionOverride, seedOption, setOption } from "../option-parsers.js";
import type { Output } from "../output.js";
import { tableText } from "../table.js";

interface Flags {
  readonly entries: number;
  readonly seed?: number;
  readonly set?: readonly Override[];
  readonly init?: string;
  readonly random?: boolean;
}

export const checkGradientCommand: CommandModule = {
  description:
    "Compares the gradient of each parameter, and of inputs of numbers, with central differences of the loss, both in float64. " +
    "Reads a few rows and time steps of the first batch, at the initial weights; without the files of the data, " +
    "or with --random, random inputs and targets of the same kinds. " +
    "Names the equation or the layer of a wrong gradient and of a value that is not finite. " +
    "A derivative below the rounding errors of all differences is not measurable, and counts as neither right nor wrong. " +
    "Exit code 0 where no gradient is wrong, 1 where one is. Writes no run.",
  example: "rnnx check-gradient specs/hihello.json --entries 20",

  declare(command) {
    command
      .argument("<spec>", "spec (.json)")
      .option(
        "--entries <n>",
        "entries to compare in each tensor, in addition to one random direction over all",
        integerParser(1, 1_000_000),
        8,
      )
      .option("--random", "random inputs and targets in place of the data")
      .addOption(seedOption())
      .addOption(setOption())
      .addOption(initOption().conflicts("random"));
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const { entries, seed, set = [], init, random = false } = command.opts<Flags>();
    const opened = await openSpec(output, file, [...set, ...optionOverride("--seed", "seed", seed)]);
    if (opened === undefined) return exitCodes.invalidInput;
    const [{ checkGradient }, { mapPathsToSource, withSourcePath }] = await Promise.all([
      import("../../runtime/training/check-gradient.js"),
      import("../../runtime/training/spec-paths.js"),
    ]);
    const { spec, folder, origins } = opened;
    const weights = init === undefined ? null : { file: resolve(init), maps: [] };
    const result = mapPathsToSource(
      spec,
      origins,
      await checkGradient({ spec, folder, init: weights, entries, random }),
    );
    if (!result.ok) return reportRunFailure(output, result.error, opened);
    const { value: report } = result;
    for (const notice of report.notices) output.note(notice);
    const problems = problemsOf(report).map((problem) => withSourcePath(spec, origins, problem));
    const diagnostics = opened.locate(problems);
    output.record({ event: "result", name: spec.name, ...recordOf(report), diagnostics });
    printReport(output, report, entries);
    await printCodeFrames(output, diagnostics, opened.source);
    return report.isRight ? exitCodes.success : exitCodes.failure;
  },
};

const verdicts = ["wrong", "jump", "kink"] as const;

const isUnmeasurable = ({ verdict }: EntryComparison) => verdict === "unmeasurable";

/** The worst of its entries; zero where the whole gradient is, and not measurable where no entry is. */
function verdictOf({ comparisons, isZero }: TensorCheck): string {
  const worst = verdicts.find((verdict) => comparisons.some((comparison) => comparison.verdict === verdict));
  if (worst !== undefined) return worst;
  return isZero ? "zero" : comparisons.every(isUnmeasurable) ? "not measurable" : "right";
}

function largest({ comparisons }: TensorCheck, key: "absolute" | "relative"): number {
  return comparisons.reduce((most, comparison) => Math.max(most, comparison[key]), 0);
}

function recordOf({ isRight, loss, rows, steps, tensors, nonFinite }: GradientReport): object {
  return {
    right: isRight,
    loss,
    rows,
    steps,
    tensors: tensors.map((tensor) => ({
      name: tensor.name,
      role: tensor.role,
      shape: tensor.shape,
      verdict: verdictOf(tensor),
      absolute: largest(tensor, "absolute"),
      relative: largest(tensor, "relative"),
      comparisons: tensor.comparisons,
    })),
    ...(nonFinite !== null && { nonFinite: nonFinite.description }),
  };
}

/** Faults and their places in the spec. */
function problemsOf({ suspects, nonFinite }: GradientReport): readonly RunProblem[] {
  if (nonFinite !== null) {
    const { description, path, cause } = nonFinite;
    const hint = cause === "" ? "Change the initial weights, or bound the value: float32 ends at 3.4e38." : cause;
    return [{ code: "not-finite", path, message: `the first value that is not finite is in ${description}`, hint }];
  }
  return suspects.map(({ operator, layer, target, path }) => {
    const place = [target === null || target === layer ? [] : `in ${target}`, `of ${layer ?? "the loss"}`].flat();
    const message = `the derivative of ${operator} ${place.join(" ")} is wrong`;
    return { code: "gradient", path, message, hint: "This is a fault of rnnx, not of the spec: please report it." };
  });
}

function printReport(output: Output, report: GradientReport, requested: number): void {
  const { isRight, loss, rows, steps, tensors, entries, suspects, nonFinite } = report;
  const size = [formatCount(rows, "row"), ...(steps === null ? [] : [formatCount(steps, "step")])].join(", ");
  const source = report.isRandom ? "random inputs" : "the first batch";
  output.print(`${size} of ${source}, at the initial weights: loss ${formatNumber(loss)}`);
  if (nonFinite !== null) return;
  if (entries < requested)
    output.note(`The model is large: ${formatCount(entries, "entry", "entries")} of each tensor, not ${requested}.`);
  output.print("");
  output.print(tableText(output.colors.print, columns, tensors.map(row)));
  output.print("");
  for (const line of details(tensors)) output.print(line);
  const compared = tensors.flatMap(({ comparisons }) => comparisons);
  const unmeasurable = compared.filter(isUnmeasurable).length;
  const count = formatCount(compared.length - unmeasurable, "derivative");
  const others =
    unmeasurable === 0
      ? ""
      : ` Not measurable: ${formatInteger(unmeasurable)} more, smaller than the rounding errors of differences.`;
  if (isRight) output.print(`Right: ${count} compared, none wrong.${others}`);
  else if (suspects.length === 0)
    output.print(
      "Wrong: no operator alone is; the fault is in a loop or a pass of the compiler. This is a fault of rnnx: please report it.",
    );
  else output.print(`Wrong: see the ${suspects.length === 1 ? "operator" : "operators"} below.`);
}

const columns = [
  { title: "tensor" },
  { title: "shape" },
  { title: "entries", align: "right" },
  { title: "difference", align: "right" },
  { title: "relative", align: "right" },
  { title: "gradient" },
] as const;

function row(tensor: TensorCheck): readonly string[] {
  const { name, shape, comparisons } = tensor;
  const checked = comparisons.filter(({ index }) => index !== null).length;
  const total = shape.reduce((product, dim) => product * dim, 1);
  return [
    name,
    `[${shape.join(", ")}]`,
    checked === total ? formatInteger(total) : `${formatInteger(checked)} of ${formatInteger(total)}`,
    largest(tensor, "absolute").toExponential(1),
    largest(tensor, "relative").toExponential(1),
    verdictOf(tensor),
  ];
}

/** A sentence for each tensor whose gradient is not simply right. */
function details(tensors: readonly TensorCheck[]): readonly string[] {
  return tensors.flatMap((tensor) => {
    const { name, comparisons } = tensor;
    const verdict = verdictOf(tensor);
    if (verdict === "right") return [];
    if (verdict === "not measurable") {
      const most = formatNumber(Math.max(...comparisons.map(({ gradient }) => Math.abs(gradient))));
      return [
        `${name}: not measurable: its gradient, up to ${most}, is smaller than the rounding errors of differences of the loss.`,
      ];
    }
    if (verdict === "zero")
      return [`${name}: the whole gradient is zero, so this step does not train it, and differences are zero too.`];
    const found = comparisons.find((comparison) => comparison.verdict === verdict);
    if (found === undefined) return [];
    const { gradient, difference, sides, index } = found;
    const place = index === null ? `${name} along a random direction` : `${name}[${index.join(", ")}]`;
    const [left, right] = (sides ?? [difference, difference]).map(formatNumber);
    if (verdict === "kink")
      return [
        `${place}: the loss has a kink here (relu, abs, max): its slopes are ${left} and ${right}, the gradient is ${formatNumber(gradient)}.`,
      ];
    if (verdict === "jump")
      return [
        `${place}: the loss jumps here (floor, sign, a comparison), so no difference shows its slope; the gradient is ${formatNumber(gradient)}.`,
      ];
    return [`${place}: the gradient is ${formatNumber(gradient)}, the difference ${formatNumber(difference)}.`];
  });
}
