/** A model has the same outputs in evaluation, prediction, each exported form, its programs, and on the web page. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Run } from "../../runtime/run/open.js";
import { readRunWeights } from "../../runtime/run/open.js";
import {
  type Exported,
  type ModelPaths,
  nodeOutput,
  type Outputs,
  openPaths,
  pythonOutput,
  pythonRuns,
  runSequences,
  runSteps,
} from "../support/model-paths.js";
import { cases } from "./paths/cases.js";
import type { PathCase } from "./paths/path-case.js";

/** Largest difference, relative to numbers above 1. */
const TOLERANCE = 1e-5;

function expectEqual(actual: Outputs | undefined, expected: Outputs, path: string): void {
  expect(actual, path).toHaveLength(expected.length);
  const difference = (actual ?? []).reduce((largest, value, index) => {
    const target = expected[index] ?? Number.NaN;
    const distance = Math.abs(value - target) / Math.max(1, Math.abs(target));
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(largest, distance);
  }, 0);
  expect(difference, path).toBeLessThan(TOLERANCE);
}

/** Outputs in the units of the data, or as probabilities: the last step of inference, computed here in float64. */
function finished(outputs: Outputs, { spec, metadata, manifest }: Run): Outputs {
  const width = Number(manifest.model.outputs.find(({ role }) => role === "prediction")?.shape.at(-1));
  if (metadata.type === "table" && spec.losses[0]?.type === "squared_error") return unscaled(outputs, { metadata });
  const last = spec.model.at(-1);
  const isLogits = last === undefined || !("activation" in last) || last.activation === "none";
  if (!isLogits || spec.losses[0]?.type === "squared_error") return outputs;
  if (spec.losses[0]?.type === "binary_cross_entropy") return outputs.map((logit) => 1 / (1 + Math.exp(-logit)));
  return outputs.map((logit, index) => {
    const row = outputs.slice(index - (index % width), index - (index % width) + width);
    return 1 / row.reduce((sum, other) => sum + Math.exp(other - logit), 0);
  });
}

function unscaled(outputs: Outputs, { metadata }: Pick<Run, "metadata">): Outputs {
  if (metadata.type !== "table") return outputs;
  return outputs.map((value, index) => {
    const scaler = metadata.scaler[metadata.target[index % metadata.target.length] ?? ""];
    return scaler === undefined ? value : value / scaler.factor + scaler.offset;
  });
}

const numbersIn = (text: string) => (text.match(/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g) ?? []).map(Number);

async function comparePaths(example: PathCase) {
  const paths = await openPaths(example);
  const { run } = paths;
  const { spec, manifest } = run;
  const isStateful = manifest.eval.inputs.some(({ role }) => role === "state");
  const port = manifest.model.outputs.find(({ role }) => role === "prediction");
  const width = Number(port?.shape.at(-1));
  const everyStep = (port?.shape.length ?? 0) > 2;
  const { lengths } = example;

  const batches = (await paths.evaluated(example.batchSize)).map((outputs) => finished(outputs, run));
  const evaluated = (isStateful ? [batches.flat()] : batches).map((outputs, index) =>
    everyStep ? outputs.slice(0, (lengths[index] ?? 0) * width) : outputs,
  );

  const arrays = example.arrays(run);
  const sequence = await paths.exported("sequence");
  const exported = await runSequences(sequence, arrays, lengths);
  // A file has windows that have no target, and rows after the last window of evaluation.
  expect(evaluated.length).toBeGreaterThan(0);
  for (const [index, outputs] of evaluated.entries())
    expectEqual(exported[index]?.slice(0, outputs.length), outputs, `exported sequence form, example ${index}`);

  const predicted = await paths.predicted(example.input.name, example.input.content);
  const expected = example.predictionsOf?.(exported, width) ?? exported;
  expect(predicted.outputs).toHaveLength(expected.length);
  for (const [index, outputs] of predicted.outputs.entries()) {
    const own = expected[index];
    if (own !== undefined) expectEqual(outputs, own, `predict, example ${index}`);
  }

  const page = await paths.page();
  const onPage = await example.onPage(page);
  for (const [index, { data, shape }] of onPage.entries()) {
    const shown = Array.from(data).slice(example.predictionsOf === undefined ? 0 : -(shape.at(-1) ?? 1));
    const own = spec.losses[0]?.type === "squared_error" ? unscaled(shown, run) : shown;
    expectEqual(own, predicted.outputs[index] ?? [], `web page, example ${index}`);
  }
  expect(onPage).toHaveLength(predicted.outputs.length);

  if (!example.hasSteps) return comparePrograms(example, paths, { sequence }, nodeOutput);
  const step = await paths.exported("step");
  const weights = readRunWeights(run, "end");
  const initial = new Map(
    [...(weights.ok ? weights.value.parameters : [])].map(([name, { data }]) => [name.replace(/\/initial$/, ""), data]),
  );
  for (const [index, outputs] of exported.entries()) {
    const steps = await runSteps(step, arrays, index, lengths[index] ?? 0, initial);
    expectEqual(everyStep ? steps.all : steps.last, outputs, `exported step form, example ${index}`);
  }
  return comparePrograms(example, paths, { sequence, step }, nodeOutput);
}

/** The programs print the prediction for their example. */
async function comparePrograms(
  example: PathCase,
  paths: ModelPaths,
  models: Readonly<Partial<Record<"sequence" | "step", Exported>>>,
  outputOf: (model: Exported) => Promise<string>,
) {
  for (const form of ["sequence", "step"] as const) {
    const model = models[form];
    if (model === undefined) continue;
    const { name, content } = example.exampleOf(readFileSync(model.program("mjs"), "utf8"));
    const { predictions, outputs } = await paths.predicted(name, content);
    const wanted = example.printed(predictions.at(-1) ?? {}, outputs.at(-1) ?? [], form);
    const printed = await outputOf(model);
    const path = `program of the ${form} form`;
    expect(wanted).not.toBe("");
    if (typeof wanted === "string") expect(printed.endsWith(wanted), `${path}: ${printed}, not ${wanted}`).toBe(true);
    else expectEqual(numbersIn(printed).slice(-wanted.length || undefined), wanted, path);
  }
}

describe("the outputs of every path are equal", () => {
  test.each(Object.entries(cases))("%s", async (_, example) => {
    await comparePaths(example);
  });
});

describe.skipIf(!pythonRuns)("the programs for Python print the predictions (with onnxruntime and numpy)", () => {
  test.each(Object.entries(cases))("%s", async (_, example) => {
    const paths = await openPaths(example);
    const sequence = await paths.exported("sequence");
    const step = example.hasSteps ? { step: await paths.exported("step") } : {};
    await comparePrograms(example, paths, { sequence, ...step }, pythonOutput);
  });
});
