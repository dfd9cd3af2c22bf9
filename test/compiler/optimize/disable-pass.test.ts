/** Every pass can be disabled without a change of results. */
import { expect, test } from "vitest";
import type { CompileOptions } from "../../../compiler/compile.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { staticShape, tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { ablatablePasses } from "../../../compiler/optimize/pipeline.js";
import { buildTrainingStep, type TrainingStep } from "../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { build, train } from "../../support/artifacts.js";
import { type OpenedSpec, open, tensorOfArray } from "../../support/programs.js";
import { series, tagging } from "../../support/small-specs.js";

const names = ablatablePasses.map(({ name }) => name);

/** A linear recurrence with the decays and the outer products of a selective state space. */
const decay = {
  state: { h: ["hidden_size", 2] },
  parameters: { W: ["input_size", "hidden_size"], A: ["hidden_size", 2], Q: ["hidden_size", 2] },
  equations: [
    "u = x @ W",
    "h' = exp(-unsqueeze(softplus(u)) * exp(A)) * h + unsqueeze(u)",
    "y = squeeze(sum(h' * unsqueeze(u @ Q, -2)))",
  ],
  output: "y",
};

/** Expected sizes for the cost decisions: those of the data, and wide slices. */
test.each([{}, { batch: 2 ** 16 }])("training without any one pass, in float64, expecting %j", async (expected) => {
  const opened = await open({
    ...tagging,
    cells: { ...series.cells, decay },
    model: [
      { layer: "embedding", size: 3 },
      {
        layer: "rnn",
        cells: [
          { cell: "fast_slow", hidden_size: 3 },
          { cell: "lstm", hidden_size: 2 },
        ],
      },
      { layer: "rnn", cell: "decay", hidden_size: 2 },
      { layer: "layer_norm" },
      { layer: "projection", size: "classes" },
    ],
  });
  const { signature } = opened;
  const normalized = { ...opened, signature: { ...signature, expected: { ...signature.expected, ...expected } } };
  const baseline = lowerGraph(normalized, {});
  const text = printGraph(baseline.step.graph);
  const numbers = trainInFloat64(normalized, baseline);
  let changed = 0;
  for (const pass of names) {
    const ablated = lowerGraph(normalized, { disabledPasses: [pass] });
    // A pass that changes nothing here leaves the same graph when it is disabled.
    if (printGraph(ablated.step.graph) === text) continue;
    changed++;
    expectNear(trainInFloat64(normalized, ablated), numbers, 1e-9, `without ${pass}`);
  }
  expect(changed).toBeGreaterThanOrEqual(names.length / 2);
});

test.each([tagging, series])("training $name without all of them, in onnxruntime", async (spec) => {
  const { losses: baseline } = await train(await build(spec), [10]);
  const { losses } = await train(await build(spec, { disabledPasses: names }), [10]);
  expectNear([losses], [baseline], 1e-5, "without all");
});

function lowerGraph({ spec, signature }: OpenedSpec, options: CompileOptions): TrainingStep {
  const lowering = buildTrainingStep(spec, signature, options);
  if (!lowering.ok) throw new Error("the spec does not compile");
  return lowering.trainingStep;
}

/** The parameters, slots and losses of two steps on all examples. */
function trainInFloat64(
  { batch }: OpenedSpec,
  { step, lossProgram: program }: TrainingStep,
): readonly (readonly number[])[] {
  const starts = new Map(step.slots.map(({ name, initial }) => [name, initial]));
  const data = program.inputs.flatMap(({ name, role }) => (role === "data" ? [name] : []));
  const stateCount = step.graph.inputs.length - data.length;
  let inputs = step.graph.inputs.map(({ name = "", type }, index): Tensor => {
    const array = index < stateCount ? undefined : batch.get(data[index - stateCount] ?? "");
    if (array !== undefined) return tensorOfArray(array);
    if (name === "step") return tensor("int64", [], [0]);
    const random = randomStream(1, name);
    const start = starts.get(name);
    return tabulate("float32", staticShape(type.shape) ?? [], () => start ?? 0.5 * random.normal());
  });
  const reported: number[][] = [];
  for (let count = 0; count < 2; count++) {
    const outputs = evaluate(step.graph, inputs);
    inputs = [...outputs.slice(0, stateCount), ...inputs.slice(stateCount)];
    reported.push(outputs.slice(stateCount).flatMap((output) => [...output.data]));
  }
  return [...inputs.slice(0, stateCount).map((input) => [...input.data]), ...reported];
}

function expectNear(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  tolerance: number,
  label: string,
): void {
  expected.forEach((entries, index) => {
    const scale = Math.max(...entries.map(Math.abs), 1e-3);
    const difference = Math.max(
      ...entries.map((entry, position) => Math.abs(entry - (actual[index]?.[position] ?? Number.NaN))),
    );
    expect(difference / scale, label).toBeLessThan(tolerance);
  });
}
