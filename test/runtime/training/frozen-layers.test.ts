/** Frozen layers and averaged weights, from the spec to the end of a run. */
import { describe, expect, test } from "vitest";
import { runTraining } from "../../../runtime/training/loop.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { build } from "../../support/artifacts.js";
import { analysisOf, open } from "../../support/programs.js";
import { normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run, weightsOf } from "../../support/training-runs.js";

const spec = {
  name: "frozen",
  seed: 3,
  data: { type: "text", text: "hihello", window: 6 },
  model: [
    { layer: "embedding", size: 4, trainable: false },
    {
      layer: "rnn",
      cells: [
        { cell: "gru", hidden_size: 4, trainable: false },
        { cell: "gru", hidden_size: 4 },
      ],
    },
    { layer: "projection" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.1 },
  train: { steps: 6, steps_per_call: 3 },
};

async function request(text: object, out: string): Promise<TrainRequest> {
  const read = await normal(text);
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

describe("frozen layers and cells", () => {
  const isFrozen = (name: string) => name.startsWith("embedding/") || name.startsWith("rnn/0/");

  test("have no slots in the manifest and the analysis", async () => {
    const { artifact } = await build(spec);
    const { parameters, slots, train } = artifact.manifest;
    expect(parameters.filter(({ trainable }) => !trainable).map(({ name }) => name)).toEqual(
      parameters.map(({ name }) => name).filter(isFrozen),
    );
    expect(slots.some(({ name }) => isFrozen(name))).toBe(false);
    expect(slots.length).toBe(2 * parameters.filter(({ trainable }) => trainable).length);
    expect(train.outputs.some(({ name }) => isFrozen(name.replace("next/", "")))).toBe(false);
    const { total, trainable, tensors } = analysisOf(await open(spec)).parameters;
    const count = (frozen: boolean) =>
      tensors.filter(({ name }) => isFrozen(name) === frozen).reduce((sum, tensor) => sum + tensor.count, 0);
    expect([total, trainable]).toEqual([count(true) + count(false), count(false)]);
  });

  test("keep their initial values, while the others are trained", async () => {
    const [out, untrained] = [temporaryFolder(), temporaryFolder()];
    const { events } = await run(await request(spec, out));
    await run(await request({ ...spec, optimizer: { type: "sgd", learning_rate: 0 } }, untrained));
    expect(losses(events).at(-1)).toBeLessThan(losses(events)[0] ?? 0);
    const [trainedWeights, initialWeights] = [weightsOf(out), weightsOf(untrained)];
    for (const [name, { data }] of trainedWeights) {
      if (isFrozen(name)) expect(data, name).toEqual(initialWeights.get(name)?.data);
      else expect(data, name).not.toEqual(initialWeights.get(name)?.data);
    }
  });

  test("a model of frozen layers only is refused", async () => {
    const model = [{ layer: "dense", size: 1, trainable: false }];
    const data = { type: "arrays", inputs: [[1]], targets: [[1]] };
    const frozen = await request({ ...spec, data, model, loss: { type: "squared_error" } }, temporaryFolder());
    const outcome = await runTraining(frozen, { emit() {}, shouldStop: () => false });
    expect(outcome).toMatchObject({ ok: false, error: { problems: [{ code: "nothing-to-train", path: "/model" }] } });
  });
});

describe("averaged weights", () => {
  const averaged = { ...spec, optimizer: { ...spec.optimizer, average: { decay: 0.5 } } };

  test("a run ends with the averages, and its losses are those of the weights", async () => {
    const [out, plainOut] = [temporaryFolder(), temporaryFolder()];
    const [averagedRun, plainRun] = [await run(await request(averaged, out)), await run(await request(spec, plainOut))];
    expect(losses(averagedRun.events)).toEqual(losses(plainRun.events));
    expect(weightsOf(out).get("projection/W")?.data).not.toEqual(weightsOf(plainOut).get("projection/W")?.data);
    expect(weightsOf(out).get("embedding/W")).toEqual(weightsOf(plainOut).get("embedding/W"));
  });

  test("an interrupted run resumes bit by bit", async () => {
    const [uninterrupted, interrupted] = [temporaryFolder(), temporaryFolder()];
    const { events } = await run(await request(averaged, uninterrupted));
    const stepwise = { ...averaged, train: { steps: 6, steps_per_call: 1, checkpoint_every: 2 } };
    const first = await run(await request(stepwise, interrupted), (emitted) =>
      emitted.some(({ event }) => event === "checkpoint"),
    );
    const resumed = await run({ ...(await request(stepwise, interrupted)), resume: true });
    expect([...losses(first.events), ...losses(resumed.events)]).toEqual(losses(events));
    expect(weightsOf(interrupted)).toEqual(weightsOf(uninterrupted));
  });
});
