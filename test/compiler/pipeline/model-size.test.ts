/** The size of the compiled graphs depends on the model, and not on the length of sequences. */
import { expect, test } from "vitest";
import type { Graph } from "../../../compiler/ir/types.js";
import { buildTrainingStep } from "../../../compiler/pipeline/training-step.js";
import type { Signature } from "../../../compiler/signature.js";
import { normal } from "../../support/read-spec.js";

const count = (graph: Graph): number =>
  graph.nodes.reduce((sum, node) => sum + 1 + (node.op === "Scan" ? count(node.attributes.body) : 0), 0);

async function nodesOf(cell: string, batch: number, time: number, vocabulary: number): Promise<number> {
  const { spec } = await normal({
    data: { type: "text", text: "ab", window: 1 },
    model: [
      { layer: "embedding", vocabulary_size: vocabulary, size: 64 },
      { layer: "rnn", cell, hidden_size: 64, layers: 2 },
      { layer: "projection", size: vocabulary },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  });
  const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
  const signature: Signature = { inputs: ids, targets: ids, sizes: { vocabulary }, expected: { batch, time } };
  const lowering = buildTrainingStep(spec, signature);
  if (!lowering.ok) throw new Error("it does not lower");
  return count(lowering.trainingStep.step.graph);
}

test.each(["lstm", "gru", "minimal_gated"])(
  "%s: the same number of nodes for 1,000 steps and for 100,000",
  async (cell) => {
    // Both lengths are in the range of the kernels for large operands.
    const nodes = await nodesOf(cell, 50, 1000, 65);
    expect(await nodesOf(cell, 50, 100_000, 65)).toBe(nodes);
    expect(nodes).toBeLessThan(1000);
  },
);
