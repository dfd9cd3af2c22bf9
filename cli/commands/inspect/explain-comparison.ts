/** `rnnx inspect --explain` of a loss or a metric: operands, options, equations, gradient and source. */
import type { ComparisonExplanation } from "../../../compiler/inspect/explain-comparison.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { sectionLines } from "./section.js";

/** One after the other where several outputs have a loss or a metric of the name. */
export function printComparisonExplanations(
  output: Output,
  name: string,
  explanations: readonly ComparisonExplanation[],
): number {
  const [first, ...others] = explanations;
  output.record({ event: "result", ...(others.length === 0 ? first : { name, comparisons: explanations }) });
  output.print(explanations.map((explanation) => comparisonText(output, explanation)).join("\n\n"));
  return exitCodes.success;
}

function comparisonText({ colors }: Output, explanation: ComparisonExplanation): string {
  const { kind, name, from, sizes, options, equations, reduce, gradient, source } = explanation;
  const { bold, dim } = colors.print;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(colors.print, heading, note, lines);
  const given = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const operands = [`y [${sizes.output_size}], the output of ${from}`, `t [${sizes.target_size}], its target`];
  return [
    bold(`${kind}: ${name}`),
    dim([...operands, ...given].join(", ")),
    ...section("equations", source, equations),
    ...section("value", "", reduce === null ? [] : [`${reduce} of metric over the entries at valid steps`]),
    ...section("gradient", "dloss is the derivative of the training loss with respect to loss", gradient),
  ].join("\n");
}
