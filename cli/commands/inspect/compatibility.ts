/** The compatibility of a model with each runtime, as text. */
import { readFileSync } from "node:fs";
import type { ModelInfo } from "../../../compiler/onnx/read/model.js";
import type { RuntimeReport } from "../../../compiler/portability/report.js";
import type { Colors } from "../../output.js";
import { tableText } from "../../table.js";

/** @param bytes the file from which `model` was read. */
export async function portabilityOf(bytes: Uint8Array, model: ModelInfo): Promise<readonly RuntimeReport[]> {
  const [{ readNodes }, { portability }] = await Promise.all([
    import("../../../compiler/onnx/read/nodes.js"),
    import("../../../compiler/portability/report.js"),
  ]);
  return portability(model, readNodes(bytes));
}

/** The compatibility of a file that was just written. */
export async function portabilityOfFile(file: string): Promise<readonly RuntimeReport[]> {
  const { readModel } = await import("../../../compiler/onnx/read/model.js");
  const bytes = readFileSync(file);
  const read = readModel(bytes);
  if (!read.ok) throw new Error(read.problem.message);
  return portabilityOf(bytes, read.model);
}

const outcomeTexts = {
  runs: "runs",
  host: "runs, shapes on the CPU",
  cpu: "runs, partly on the CPU",
  unknown: "may run: not fully tested",
  wrong: "gives wrong results",
  fails: "does not run",
} as const;

const outcomeLabels = {
  host: "on the CPU",
  cpu: "on the CPU",
  unknown: "untested",
  wrong: "wrong",
  fails: "fails",
} as const;

export function portabilityText(reports: readonly RuntimeReport[], colors: Colors): string {
  const outcomeColors = {
    runs: colors.green,
    host: colors.green,
    cpu: colors.yellow,
    unknown: colors.yellow,
    wrong: colors.red,
    fails: colors.red,
  };
  const table = tableText(
    colors,
    [{ title: "runtime" }, { title: "result" }, { title: "source" }],
    reports.map(({ runtime, outcome, source }) => [
      runtime,
      outcomeColors[outcome](outcomeTexts[outcome]),
      colors.dim(source),
    ]),
  );
  const findings = reports.flatMap(({ runtime, findings: runtimeFindings }) => [
    ...(runtimeFindings.length > 0 ? ["", runtime] : []),
    ...runtimeFindings.map(({ outcome, operator, count, inLoops, reason }) => {
      const nodes = operator === "" ? "" : `${operator}${count > 1 ? ` × ${count}` : ""} `;
      const loops = inLoops > 0 ? ` (${inLoops === count ? "" : `${inLoops} `}in a loop: copies in every step)` : "";
      return `  ${outcomeColors[outcome](outcomeLabels[outcome])}: ${nodes}${reason}${outcome === "cpu" ? loops : ""}`;
    }),
  ]);
  return [table, ...findings].join("\n");
}
