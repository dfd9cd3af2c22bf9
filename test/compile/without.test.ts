/** Every pass can be left out: the numbers stay, only the work changes. */
import { expect, test } from "vitest";
import { type CompileOptions, lower } from "../../compiler/compile.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { printGraph } from "../../compiler/ir/print.js";
import { staticShape, tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Tensor } from "../../compiler/ir/types.js";
import type { Lowered } from "../../compiler/lowered.js";
import { passes } from "../../compiler/passes/index.js";
import { stream } from "../../runtime/random.js";
import { type OpenedSpec, open, tensorOfArray } from "../elaborate/programs.js";
import { build, train } from "./artifacts.js";
import { series, tagging } from "./specs.js";

const names = passes.map(({ name }) => name);

/** Sizes that the passes take their decisions for: those of the data, and ones where a step is wide. */
test.each([{}, { batch: 2 ** 16 }])("training without any one pass, in float64, expecting %j", async (expected) => {
  const opened = await open({
    ...tagging,
    cells: series.cells,
    model: [
      { layer: "embedding", size: 3 },
      {
        layer: "rnn",
        cells: [
          { cell: "fast_slow", hidden_size: 3 },
          { cell: "lstm", hidden_size: 2 },
        ],
      },
      { layer: "projection", size: "classes" },
    ],
  });
  const { signature } = opened;
  const decided = { ...opened, signature: { ...signature, expected: { ...signature.expected, ...expected } } };
  const whole = loweredOf(decided, {});
  const text = printGraph(whole.step.graph);
  const numbers = trainInFloat64(decided, whole);
  let changed = 0;
  for (const pass of names) {
    const left = loweredOf(decided, { without: [pass] });
    // A pass that finds nothing to do here leaves the same graph when it is left out.
    if (printGraph(left.step.graph) === text) continue;
    changed++;
    expectNear(trainInFloat64(decided, left), numbers, 1e-9, `without ${pass}`);
  }
  expect(changed).toBeGreaterThan(names.length / 2);
});

test.each([tagging, series])("training $name without all of them, in onnxruntime", async (spec) => {
  const { losses: whole } = await train(await build(spec), [10]);
  const { losses } = await train(await build(spec, { without: names }), [10]);
  expectNear([losses], [whole], 1e-5, "without all");
});

function loweredOf({ spec, signature }: OpenedSpec, options: CompileOptions): Lowered {
  const lowering = lower(spec, signature, options);
  if (!lowering.ok) throw new Error("the spec does not compile");
  return lowering.lowered;
}

/** Two steps on all examples: the parameters, slots and losses that come of them. */
function trainInFloat64({ batch }: OpenedSpec, { step, program }: Lowered): readonly (readonly number[])[] {
  const starts = new Map(step.slots.map(({ name, initial }) => [name, initial]));
  const data = program.inputs.flatMap(({ name, role }) => (role === "data" ? [name] : []));
  const carried = step.graph.inputs.length - data.length;
  let inputs = step.graph.inputs.map(({ name = "", type }, index): Tensor => {
    const array = index < carried ? undefined : batch.get(data[index - carried] ?? "");
    if (array !== undefined) return tensorOfArray(array);
    if (name === "step") return tensor("int64", [], [0]);
    const random = stream(1, name);
    const start = starts.get(name);
    return tabulate("float32", staticShape(type.shape) ?? [], () => start ?? 0.5 * random.normal());
  });
  const reported: number[][] = [];
  for (let count = 0; count < 2; count++) {
    const outputs = evaluate(step.graph, inputs);
    inputs = [...outputs.slice(0, carried), ...inputs.slice(carried)];
    reported.push(outputs.slice(carried).flatMap((output) => [...output.data]));
  }
  return [...inputs.slice(0, carried).map((input) => [...input.data]), ...reported];
}

function expectNear(
  found: readonly (readonly number[])[],
  wanted: readonly (readonly number[])[],
  tolerance: number,
  what: string,
): void {
  wanted.forEach((entries, index) => {
    const scale = Math.max(...entries.map(Math.abs), 1e-3);
    const off = Math.max(...entries.map((entry, place) => Math.abs(entry - (found[index]?.[place] ?? Number.NaN))));
    expect(off / scale, what).toBeLessThan(tolerance);
  });
}
