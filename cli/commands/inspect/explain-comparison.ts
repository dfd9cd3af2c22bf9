/** `rnnx inspect --explain` of a loss or a metric: operands, options, equations, gradient and source. */
import type { ComparisonExplanation } from "../../../compiler/inspect/explain-comparison.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";

export function printComparisonExplanation(output: Output, explanation: ComparisonExplanation): number {
  const { kind, name, from, sizes, options, equations, gradient, source } = explanation;
  const { bold, dim } = output.colors.print;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", `${bold(heading)}  ${dim(note)}`.trimEnd(), ...lines.map((line) => `  ${line}`)];
  const given = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  output.record({ event: "result", ...explanation });
  output.print(
    [
      bold(`${kind}: ${name}`),
      dim(
        [`y [${sizes.output_size}], the output of ${from}`, `t [${sizes.target_size}], its target`, ...given].join(
          ", ",
        ),
      ),
      ...section("equations", source, equations),
      ...section("gradient", "dloss is the derivative of the training loss with respect to loss", gradient),
    ].join("\n"),
  );
  return exitCodes.success;
}
