/** A spec as a user reads it: its analysis, or its graph after a stage of the compiler. */
import type { Override } from "../../schema/overrides.js";
import { exit } from "../exit.js";
import type { Output } from "../output.js";
import { openDescribed } from "../signature.js";
import { refuseSpec } from "../spec.js";
import type { Aspect } from "./stage.js";

/** `more` is what the record of the layers says besides. */
export async function inspectSpec(
  output: Output,
  file: string,
  overrides: readonly Override[],
  aspect: Aspect,
  more: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const opened = await openDescribed(output, file, overrides);
  if (opened === undefined) return exit.wrongInput;
  const { spec, origins, signature } = opened;
  if (aspect.aspect === "stage") {
    const { printStage } = await import("./stage.js");
    return printStage(output, opened, aspect);
  }
  if (aspect.aspect === "placement")
    return (await import("./placement.js")).printPlacement(output, opened, aspect.device);

  const { analyze } = await import("../../compiler/compile.js");
  const analyzed = analyze(spec, signature, { origins });
  if (!analyzed.ok) {
    await refuseSpec(output, opened.place(analyzed.problems), opened.source);
    return exit.wrongInput;
  }
  const { analysis } = analyzed;
  if (aspect.aspect === "cell")
    return (await import("./explain.js")).explain(output, spec, signature, analysis, aspect.name);
  const times = aspect.timed ? await (await import("./times.js")).timesOf(output, opened) : undefined;
  if (aspect.timed && times === undefined) return exit.wrongInput;
  output.record({ event: "result", name: spec.name, ...more, ...analysis, ...(times && { times }) });
  if (!output.json) {
    const { analysisText } = await import("./analysis.js");
    const { bold } = output.colors.print;
    output.print(`${bold(spec.name)}\n\n${analysisText(analysis, output.colors.print, times)}`);
  }
  return exit.done;
}
