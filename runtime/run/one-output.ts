/** The refusal of models with several outputs by what reads one output. */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";

/** @param reader the subject of the message: "generation". */
export function severalOutputsProblem(
  { losses }: Pick<NormalSpec, "losses">,
  reader: string,
  hint: string,
): RunProblem | undefined {
  if (losses.length === 1) return undefined;
  const names = losses.map(({ from }) => from).join(", ");
  return {
    code: "several-outputs",
    path: "",
    message: `${reader} needs a model with one output, but this one has several: ${names}.`,
    hint,
  };
}
