/** Compatibility of data with a model: array shapes of other data, and ids and classes within the model's sizes. */
import type { Manifest } from "../../compiler/artifact.js";
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { readExamples } from "./batching/read-examples.js";
import { idLimits, limitHint } from "./id-limits.js";
import { idNamesFor } from "./metadata.js";
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

/** The problem of a training split whose targets are all of one class: a model learns no more than to predict it. */
export function checkClassCount(spec: NormalSpec, source: DataSource, { targets, sizes }: Signature) {
  const { targets: kind, areLabels } = usesOf(spec);
  // The blank of ctc is a second class.
  if (kind !== "classes" || areLabels || targets.dtype === "float32") return [];
  const isAllData = sizes.classes === 1;
  const only = isAllData ? 0 : onlyTrainingClass(source);
  if (only === undefined) return [];
  const name = JSON.stringify(idNamesFor("targets", source.metadata)?.names[only] ?? only);
  const problem = { code: "single-class", path: isAllData ? "/data" : "/data/split" };
  if (isAllData) {
    const message = `All targets are of one class, ${name}, but ${spec.loss.type} needs at least 2 classes.`;
    return [{ ...problem, message, hint: "Use data with targets of at least 2 classes." } satisfies RunProblem];
  }
  const message = `All targets of the training split are of one class, ${name}, but ${spec.loss.type} needs at least 2 classes.`;
  const isOrdered = "split" in spec.data && spec.data.split.order === "time" && spec.data.split.train < 1;
  const hint = isOrdered
    ? 'Set data.split.order to "shuffled", or give the training split more of the data.'
    : "Give the training split more of the data, or use data with more examples of the other classes.";
  return [{ ...problem, message, hint } satisfies RunProblem];
}

/** The class of all targets of the training split that the loss reads; undefined if there are several, or none. */
function onlyTrainingClass(source: DataSource): number | undefined {
  let only: number | undefined;
  for (const { batch } of readExamples(source, source.splits.train)) {
    const { shape, data } = batch.get("targets") ?? { shape: [0], data: [] };
    const [count = 0, steps = 1] = shape;
    const lengths = (batch.get("target_lengths") ?? batch.get("lengths"))?.data;
    const weights = batch.get("weights");
    const perStep = weights !== undefined && weights.shape.length > 1;
    for (let row = 0; row < count; row++) {
      const length = shape.length > 1 ? Number(lengths?.[row] ?? steps) : 1;
      for (let step = 0; step < length; step++) {
        if (Number(weights?.data[perStep ? row * steps + step : row] ?? 1) === 0) continue;
        const id = Number(data[row * steps + step]);
        if (only !== undefined && id !== only) return undefined;
        only = id;
      }
    }
  }
  return only;
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
