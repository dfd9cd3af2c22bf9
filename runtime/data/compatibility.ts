/** Other data for a trained model: its arrays must be those that the model was made for. */
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import type { RunProblem } from "../problem.js";

type ArraySignatures = ReadonlyMap<string, ArraySignature>;

/** How data differs from what a run was trained on, so that its model cannot read it. */
export function checkDataShape(expected: Signature, actual: Signature): readonly RunProblem[] {
  const [expectedArrays, actualArrays] = [arraySignaturesOf(expected), arraySignaturesOf(actual)];
  const problems: RunProblem[] = [];
  const report = (message: string) =>
    problems.push({ code: "data-shape", path: "/data", message, hint: "Other data has the shape of the run's own." });
  for (const [name, array] of expectedArrays) {
    const actualArray = actualArrays.get(name);
    if (actualArray === undefined) report(`The data has no ${name}, which the run was trained with.`);
    else if (formatArray(actualArray) !== formatArray(array))
      report(`The data's ${name} are ${formatArray(actualArray)}, and the run was trained on ${formatArray(array)}.`);
  }
  for (const name of actualArrays.keys())
    if (!expectedArrays.has(name)) report(`The data has ${name}, which the run was trained without.`);
  return problems;
}

function arraySignaturesOf(signature: Signature): ArraySignatures {
  const { inputs, targets, lengths, target_lengths, weights, side_inputs, initial_states } = signature;
  const namedArrays = Object.entries({ inputs, targets, lengths, target_lengths, weights });
  const entries = [...namedArrays, ...Object.entries(side_inputs ?? {}), ...Object.entries(initial_states ?? {})];
  return new Map(entries.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

function formatArray({ dtype, shape }: ArraySignature): string {
  return `${dtype} [${shape.join(", ")}]`;
}
