/** Gradient checkpointing: the same values and gradients, with fewer stored values. */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { loop } from "../../../compiler/graph/loop.js";
import { verify } from "../../../compiler/graph/verify.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Graph } from "../../../compiler/ir/types.js";
import { forwardPasses, runPasses, stepPasses } from "../../../compiler/optimize/pipeline.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { analysisOf } from "../../support/programs.js";
import { normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run } from "../../support/training-runs.js";

/** The loss of a loop with two states, a captured matrix and a mask, and its gradients. */
function gradients(steps: number, reverse: boolean, checkpointed: boolean): Graph {
  const b = graphBuilder("loss");
  const float = (name: string, ...shape: (number | string)[]) => b.input(name, { dtype: "float32", shape });
  const [U, x, h, c] = [
    float("U", 2, 2),
    float("x", steps, "batch", 2),
    float("h", "batch", 2),
    float("c", "batch", 2),
  ];
  const operands = { initial: [h, c], scans: [x], reverse, unroll: false, checkpointed };
  const { final, scanOutputs: stacked } = loop(b, "loop", operands, (inner, [h, c], [x]) => {
    if (h === undefined || c === undefined || x === undefined) throw new Error("a loop without its operands");
    const gate = inner.sigmoid(inner.add(inner.matmul(h, U), x));
    const next = inner.add(inner.mul(gate, c), inner.tanh(x));
    return { next: [inner.mul(gate, inner.tanh(next)), next], scanOutputs: [inner.mul(next, gate)] };
  });
  const parts = [...final, ...stacked].map((value) => b.sum(b.mul(value, value)));
  const graph = b.finish([parts.reduce((one, other) => b.add(one, other))]);
  const context = { expected: new Map([["batch", 2]]) };
  const prepared = runPasses(graph, forwardPasses, context);
  return runPasses(verify(differentiate(prepared, 0, [0, 1, 2, 3]), "gradient"), stepPasses, context);
}

test.each([
  [16, false],
  [16, true],
  [19, false],
  [19, true],
  [40, false],
])("a loop of %i checkpointed steps, reverse %s, has the same loss and gradients", (steps, reverse) => {
  const random = randomStream(4, "rerun");
  const shapes = [
    [2, 2],
    [steps, 2, 2],
    [2, 2],
    [2, 2],
  ];
  const operands = shapes.map((shape) => tabulate("float32", shape, () => random.normal()));
  const [plain, checkpointed] = [false, true].map((low) => evaluate(gradients(steps, reverse, low), operands));
  plain?.forEach(({ shape, data }, index) => {
    expect(checkpointed?.[index]?.shape).toEqual(shape);
    data.forEach((entry, place) => {
      expect(checkpointed?.[index]?.data[place]).toBeCloseTo(entry, 10);
    });
  });
});

const spec = (memoryMode: string, window: number, hidden_size = 8) => ({
  name: "long",
  seed: 3,
  data: { type: "text", text: "the quick brown fox jumps over the lazy dog ".repeat(12), window, stride: 5 },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size, layers: 2, dropout: { output: 0.2 } },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.01 },
  train: { steps: 6, batch_size: 4, memory: memoryMode },
});

test("training with checkpointing makes the same steps, and its estimate of memory is smaller", async () => {
  const runs = await Promise.all(
    ["normal", "low"].map(async (memoryMode) => {
      const { spec: read } = await normal(spec(memoryMode, 50));
      const request = {
        spec: read,
        folder: ".",
        device: "cpu",
        resume: false,
        init: null,
        disabledPasses: [],
      } as const;
      const { outcome, events } = await run({ ...request, out: temporaryFolder() });
      expect(outcome).toMatchObject({ ok: true });
      return losses(events);
    }),
  );
  expect(runs[0]).toHaveLength(6);
  runs[1]?.forEach((loss, step) => {
    expect(Math.abs(loss / (runs[0]?.[step] ?? Number.NaN) - 1)).toBeLessThan(1e-5);
  });
  const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
  const signature = {
    inputs: ids,
    targets: ids,
    sizes: { vocabulary: 30 },
    steps: 900,
    expected: { batch: 32, time: 900 },
  };
  const [largest = 0, smallest = 0] = await Promise.all(
    ["normal", "low"].map(
      async (memoryMode) =>
        analysisOf({ spec: (await normal(spec(memoryMode, 900, 128))).spec, signature }).memory.activations,
    ),
  );
  expect(smallest).toBeLessThan(largest / 2);
});
