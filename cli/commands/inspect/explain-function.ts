/** `rnnx inspect --explain` of an activation or another function of equations. */
import { explainFunction } from "../../../compiler/inspect/explain-function.js";
import type { EquationFunction } from "../../../compiler/language/functions/function.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { sectionLines } from "./section.js";

export function printFunctionExplanation(
  output: Output,
  name: string,
  called: EquationFunction,
  expected: Readonly<Record<string, number>>,
): number {
  const explanation = explainFunction(called, { expected: new Map(Object.entries(expected)) });
  const { bold } = output.colors.print;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(output.colors.print, heading, note, lines);
  const { equations, gradient, operators } = explanation;
  output.record({ event: "result", name, function: called.notation, ...explanation });
  output.print(
    [
      bold(called.notation),
      ...section("equations", "", equations),
      ...section("gradient", "dy is the derivative of the loss with respect to y, the result", gradient),
      ...(gradient.length === 0 ? ["", "It has no gradient: it is constant almost everywhere."] : []),
      ...section("ONNX operators", "in order, without constants", [operators.join(", ")]),
    ].join("\n"),
  );
  return exitCodes.success;
}
