/** Models with several outputs: the choice of one, and the refusal by what reads one output. */
import { suggestion } from "../../schema/diagnostics/suggest.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";

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

/**
 * The spec of a model with one of its outputs: the layers behind it, and its loss. The names of tensors stay.
 *
 * @param name null for the only output.
 * @param reader the subject of the message: "generation".
 */
export function specOfOutput(spec: NormalSpec, name: string | null, reader: string): Result<NormalSpec> {
  const outputs = outputsOf(spec);
  const [only, second] = outputs;
  const names = outputs.map((output) => output.name);
  const output = name === null ? only : outputs.find((candidate) => candidate.name === name);
  if (output === undefined) {
    const hint = suggestion(name ?? "", names, names.length === 1 ? "Its output" : "Its outputs");
    return fail([{ code: "unknown-output", path: "", message: `The model has no output "${name}".`, hint }]);
  }
  if (name === null && second !== undefined) {
    const several = severalOutputsProblem(spec, reader, `Choose one of them: --output ${output.name}.`);
    return fail(several === undefined ? [] : [several]);
  }
  return ok({ ...spec, model: output.model, losses: [output.loss] });
}
