/** Compatibility of data with a model: array shapes of other data, and ids and classes within the model's sizes. */
import type { Manifest } from "../../compiler/artifact.js";
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { idLimits, limitHint } from "./id-limits.js";
import { idNamesFor, type Metadata } from "./metadata.js";
import { type DataSource, usesOf } from "./source.js";

/** Differences between the arrays of other data and those that a run was trained on, which its model cannot read. */
export function checkDataShape(expected: Signature, actual: Signature): readonly RunProblem[] {
  const [expectedArrays, actualArrays] = [arraySignaturesOf(expected), arraySignaturesOf(actual)];
  const problems: RunProblem[] = [];
  const report = (message: string) =>
    problems.push({
      code: "data-shape",
      path: "/data",
      message,
      hint: "Use data of the shape that the run was trained on.",
    });
  for (const [name, array] of expectedArrays) {
    const actualArray = actualArrays.get(name);
    if (actualArray === undefined) report(`The data has no ${name}, which the run was trained with.`);
    else if (formatArray(actualArray) !== formatArray(array))
      report(`The data's ${name} are ${formatArray(actualArray)}, but the run was trained on ${formatArray(array)}.`);
  }
  for (const name of actualArrays.keys())
    if (!expectedArrays.has(name)) report(`The data has ${name}, which the run was trained without.`);
  return problems;
}

function arraySignaturesOf(signature: Signature): ReadonlyMap<string, ArraySignature> {
  const { inputs, targets, lengths, target_lengths, weights, side_inputs, initial_states } = signature;
  const namedArrays = Object.entries({ inputs, targets, lengths, target_lengths, weights });
  const entries = [...namedArrays, ...Object.entries(side_inputs ?? {}), ...Object.entries(initial_states ?? {})];
  return new Map(entries.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

function formatArray({ dtype, shape }: ArraySignature): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/** The problem of training data whose targets are all of class 0: any model predicts them, with the loss 0. */
export function checkClassCount(spec: NormalSpec, { targets, sizes }: Signature, metadata: Metadata) {
  const { targets: kind, areLabels } = usesOf(spec);
  // The blank of ctc is a second class.
  if (kind !== "classes" || areLabels || targets.dtype === "float32" || sizes.classes !== 1) return [];
  const name = idNamesFor("targets", metadata)?.names[0] ?? 0;
  const message = `All targets are of one class, ${JSON.stringify(name)}, but ${spec.loss.type} needs at least 2 classes.`;
  const hint = "Use data with targets of at least 2 classes.";
  return [{ code: "single-class", path: "/data", message, hint } satisfies RunProblem];
}

/** The first token id without a row in its layer's table, for each input, and the first class without an output. */
export function checkIdRange(
  spec: NormalSpec,
  signature: Signature,
  manifest: Manifest,
  source: DataSource,
): readonly RunProblem[] {
  const outputSize = manifest.eval.outputs.find(({ role }) => role === "prediction")?.shape.at(-1);
  const outputHint = `The model's output has size ${outputSize}, so the largest index is ${Number(outputSize) - 1}.`;
  return [
    ...[...idLimits(spec, signature)].map(([input, limit]) =>
      source.findOutOfRange(input, limit.size, limitHint(limit)),
    ),
    typeof outputSize === "number" ? source.findOutOfRange("targets", outputSize, outputHint) : undefined,
  ].filter((problem) => problem !== undefined);
}
