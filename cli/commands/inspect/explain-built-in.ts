/** `rnnx inspect --explain` of a built-in kind that the spec does not use. */
import type { BuiltInExplanation } from "../../../compiler/inspect/explain-built-in.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { sectionLines } from "./section.js";

export function printBuiltInExplanation(output: Output, explanation: BuiltInExplanation): number {
  const { kind, name, description, equations, options, file, source } = explanation;
  const { bold, dim } = output.colors.print;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(output.colors.print, heading, note, lines);
  const defaults = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  output.record({ event: "result", ...explanation });
  output.print(
    [
      bold(`${kind}: ${name}`),
      dim("Not used by this spec."),
      description,
      ...section("equations", file ?? "code of the compiler", equations),
      ...section("options", "defaults", defaults.length === 0 ? [] : [defaults.join(", ")]),
      ...(source === null ? [] : ["", `Source: ${source}.`]),
    ].join("\n"),
  );
  return exitCodes.success;
}
