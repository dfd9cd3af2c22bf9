/** Indices without an entry are the user's: the message has the equation, or the model and the number of its rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { run } from "../../support/training-runs.js";

const rows = { optimizer: { type: "sgd", learning_rate: 0.1 }, train: { steps: 2, batch_size: 4 } };

async function problemOf(spec: object): Promise<string> {
  const folder = join(import.meta.dirname, "../../fixtures/onnx");
  const read = await readSpec(JSON.stringify({ name: "run", ...spec, ...rows }), { folder });
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const out = join(temporaryFolder(), "run");
  const { outcome } = await run({
    spec: read.spec,
    folder,
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  });
  if (outcome.ok || outcome.error.kind !== "input") throw new Error("The data was accepted.");
  return outcome.error.problems.map(({ message, hint }) => `${message} ${hint}`).join("\n");
}

test("gather beyond the last axis has the loss and its equation", async () => {
  const equation = "loss = -gather(log_softmax(y), t + 1)";
  const problem = await problemOf({
    data: { type: "arrays", inputs: [[1], [2], [3], [4], [5], [6]], targets: [0, 1, 0, 1, 0, 1] },
    model: [{ layer: "dense", size: 2 }],
    losses: { mine: { target: "class", equations: [equation] } },
    loss: { type: "mine" },
  });
  expect(problem).toContain(`An index of gather is beyond the last axis, in the loss "mine": ${equation}.`);
});

test("an id without a row in the table of an onnx layer", async () => {
  const { inputs, targets } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../fixtures/onnx/encoder.json"), "utf8"),
  );
  const steps = 6;
  const count = inputs.ids.shape[0];
  const ids = Array.from({ length: count }, (_, row) => inputs.ids.data.slice(row * steps, (row + 1) * steps));
  ids[0][0] = 25;
  const problem = await problemOf({
    data: { type: "arrays", inputs: ids, targets: targets.data },
    model: [{ layer: "onnx", name: "net", file: "encoder.onnx", return: "vector", vocabulary_size: 30 }],
    loss: { type: "cross_entropy" },
  });
  expect(problem).toContain('The id 25 has no row in a table of 12 rows in layer "net"');
});
