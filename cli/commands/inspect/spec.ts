/** The description of a spec: its analysis, or its graph after a compiler stage. */
import type { Override } from "../../../schema/parse/overrides.js";
import { exitCodes } from "../../exit-codes.js";
import { formatSpec } from "../../format-spec.js";
import { openSpec, reportSpecErrors } from "../../open-spec.js";
import { openSpecWithSignature } from "../../open-spec-with-data.js";
import type { Output } from "../../output.js";
import type { InspectAspect } from "./stage.js";

/** @param extra additional members of the record. */
export async function inspectSpec(
  output: Output,
  file: string,
  overrides: readonly Override[],
  aspect: InspectAspect,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  if (aspect.aspect === "resolved") return printResolved(output, file, overrides);
  const opened = await openSpecWithSignature(output, file, overrides);
  if (opened === undefined) return exitCodes.invalidInput;
  const { spec, origins, signature } = opened;
  if (aspect.aspect === "stage") {
    const { printStage } = await import("./stage.js");
    return printStage(output, opened, aspect);
  }
  if (aspect.aspect === "passes")
    return (await import("./passes.js")).printPassRuns(output, opened, aspect.passSelection);
  if (aspect.aspect === "placement")
    return (await import("./device-placement.js")).printPlacement(output, opened, aspect.device);

  const { analyze } = await import("../../../compiler/compile.js");
  const analyzed = analyze(spec, signature, { origins });
  if (!analyzed.ok) {
    await reportSpecErrors(output, opened.locate(analyzed.problems), opened.source);
    return exitCodes.invalidInput;
  }
  const { analysis } = analyzed;
  if (aspect.aspect === "explanation")
    return (await import("./explain.js")).printExplanation(
      output,
      spec,
      signature,
      analysis,
      aspect.name,
      aspect.recurrence,
    );
  const times = aspect.timed ? await (await import("./layer-times.js")).measureLayerTimes(output, opened) : undefined;
  if (aspect.timed && times === undefined) return exitCodes.invalidInput;
  output.record({ event: "result", name: spec.name, ...extra, ...analysis, ...(times && { times }) });
  if (!output.json) {
    const { analysisText } = await import("./summary.js");
    const { bold } = output.colors.print;
    output.print(`${bold(spec.name)}\n\n${analysisText(analysis, output.colors.print, times)}`);
  }
  return exitCodes.success;
}

/** Prints the spec with the values of the specs that it extends and of its variables, as a spec of the same folder. */
async function printResolved(output: Output, file: string, overrides: readonly Override[]): Promise<number> {
  const opened = await openSpec(output, file, overrides);
  if (opened === undefined) return exitCodes.invalidInput;
  output.record({ event: "result", name: opened.spec.name, spec: opened.resolved });
  output.print(formatSpec(opened.resolved).trimEnd());
  return exitCodes.success;
}
