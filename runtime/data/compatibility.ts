/** Compatibility of data with a model: array shapes of other data, and ids and classes within the model's sizes. */
import type { Manifest } from "../../compiler/artifact.js";
import {
  type ArraySignature,
  classesSize,
  lengthsOfInput,
  type Signature,
  targetArrays,
} from "../../compiler/signature.js";
import { quote } from "../../schema/diagnostics/suggest.js";
import { outputKindOf } from "../../schema/kinds/losses.js";
import { ONLY_TARGET, outputsOf, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { readExamples } from "./batching/read-examples.js";
import { idLimits, limitHint } from "./id-limits.js";
import { idNamesFor } from "./metadata.js";
import { type DataSource, targetUsesOf, type Uses } from "./source.js";

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
  const { inputs, lengths, target_lengths, side_lengths, weights, side_inputs, initial_states } = signature;
  const targets = [...targetArrays(signature)].map(([name, array]) => [targetPort(name), array] as const);
  const namedArrays = Object.entries({ lengths, target_lengths, weights });
  const entries = [
    ["inputs", inputs] as const,
    ...targets,
    ...namedArrays,
    ...Object.entries(side_inputs ?? {}),
    ...Object.entries(side_lengths ?? {}).map(([name, array]) => [lengthsOfInput(name), array] as const),
    ...Object.entries(initial_states ?? {}),
  ];
  return new Map(entries.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

function formatArray({ dtype, shape }: ArraySignature): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/** Problems of targets that are all of one class in the training split: a model learns no more than to predict it. */
export function checkClassCount(spec: NormalSpec, source: DataSource, signature: Signature): readonly RunProblem[] {
  const arrays = targetArrays(signature);
  return [...targetUsesOf(spec)].flatMap(([target, uses]) =>
    arrays.get(target)?.dtype === "float32" ? [] : singleClassProblems(spec, source, signature, target, uses),
  );
}

function singleClassProblems(
  spec: NormalSpec,
  source: DataSource,
  { sizes }: Signature,
  target: string,
  { targets: kind, areLabels, loss }: Uses,
): readonly RunProblem[] {
  // The blank of ctc is a second class.
  if (kind !== "classes" || areLabels) return [];
  const port = targetPort(target);
  const isAllData = sizes[classesSize(target)] === 1;
  const only = isAllData ? 0 : onlyTrainingClass(source, port);
  if (only === undefined) return [];
  const name = JSON.stringify(idNamesFor(port, source.metadata)?.names[only] ?? only);
  const targets = target === ONLY_TARGET ? "targets" : `targets ${quote(target)}`;
  const problem = { code: "single-class", path: isAllData ? "/data" : "/data/split" };
  if (isAllData) {
    const message = `All ${targets} are of one class, ${name}, but ${loss} needs at least 2 classes.`;
    return [{ ...problem, message, hint: "Use data with targets of at least 2 classes." } satisfies RunProblem];
  }
  const message = `All ${targets} of the training split are of one class, ${name}, but ${loss} needs at least 2 classes.`;
  const isOrdered = "split" in spec.data && spec.data.split.order === "time" && spec.data.split.train < 1;
  const hint = isOrdered
    ? 'Set data.split.order to "shuffled", or give the training split more of the data.'
    : "Give the training split more of the data, or use data with more examples of the other classes.";
  return [{ ...problem, message, hint } satisfies RunProblem];
}

/** The class of all targets of the training split that the loss reads; undefined if there are several, or none. */
function onlyTrainingClass(source: DataSource, port: string): number | undefined {
  let only: number | undefined;
  for (const { batch } of readExamples(source, source.splits.train)) {
    const { shape, data } = batch.get(port) ?? { shape: [0], data: [] };
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
  const outputs = outputsOf(spec).map(({ name, port, loss, prefix }) => {
    if (outputKindOf(loss) === "features") return undefined;
    const size = manifest.eval.outputs.find((output) => output.name === port)?.shape.at(-1);
    const what = prefix === "" ? "The model's output" : `The output ${name}`;
    const hint = `${what} has size ${size}, so the largest index is ${Number(size) - 1}.`;
    return typeof size === "number" ? source.findOutOfRange(targetPort(loss.target), size, hint) : undefined;
  });
  const inputs = [...idLimits(spec, signature)].map(([input, limit]) =>
    source.findOutOfRange(input, limit.size, limitHint(limit)),
  );
  return [...inputs, ...outputs].filter((problem) => problem !== undefined);
}

/** The problem of a training that monitors a validation split which a column of the data leaves empty. */
export function checkWatchedSplit({ train }: NormalSpec, { splits }: DataSource): readonly RunProblem[] {
  if (splits.validation.length > 0) return [];
  return (["early_stopping", "keep_best"] as const).flatMap((key) =>
    train[key] === null
      ? []
      : [
          {
            code: "empty-split",
            path: `/train/${key}`,
            message: `${key} monitors the validation split, but no line of the data is of it.`,
            hint: `Write validation in some lines, or remove train.${key}.`,
          },
        ],
  );
}
