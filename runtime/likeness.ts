/** Other data for a trained model: its arrays must be those that the model was made for. */
import type { ArraySignature, Signature } from "../compiler/signature.js";
import type { RunProblem } from "./problem.js";

type Arrays = ReadonlyMap<string, ArraySignature>;

/** How data differs from what a run was trained on, so that its model cannot read it. */
export function unlike(trained: Signature, given: Signature): readonly RunProblem[] {
  const [wanted, there] = [arraysOf(trained), arraysOf(given)];
  const problems: RunProblem[] = [];
  const report = (message: string) =>
    problems.push({ code: "data-shape", path: "/data", message, hint: "Other data has the shape of the run's own." });
  for (const [name, array] of wanted) {
    const found = there.get(name);
    if (found === undefined) report(`The data has no ${name}, which the run was trained with.`);
    else if (print(found) !== print(array))
      report(`The data's ${name} are ${print(found)}, and the run was trained on ${print(array)}.`);
  }
  for (const name of there.keys())
    if (!wanted.has(name)) report(`The data has ${name}, which the run was trained without.`);
  return problems;
}

function arraysOf(signature: Signature): Arrays {
  const { inputs, targets, lengths, target_lengths, weights, side_inputs, initial_states } = signature;
  const single = Object.entries({ inputs, targets, lengths, target_lengths, weights });
  const all = [...single, ...Object.entries(side_inputs ?? {}), ...Object.entries(initial_states ?? {})];
  return new Map(all.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

function print({ dtype, shape }: ArraySignature): string {
  return `${dtype} [${shape.join(", ")}]`;
}
