/** Frozen layers and averaged weights, from the spec to the end of a run. */
import { describe, expect, test } from "vitest";
import type { TrainRequest } from "../../runtime/events.js";
import { runTraining } from "../../runtime/loop.js";
import { build } from "../compile/artifacts.js";
import { analysisOf, open } from "../elaborate/programs.js";
import { normal } from "../schema/spec.js";
import { temporaryFolder } from "./folder.js";
import { losses, run, weightsOf } from "./training.js";

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
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, without: [] };
}

describe("frozen layers and cells", () => {
  const isFrozen = (name: string) => name.startsWith("embedding/") || name.startsWith("rnn/0/");

  test("have no slots, and the manifest and the analysis say so", async () => {
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

  test("stay as they are drawn, while the others learn", async () => {
    const [out, untrained] = [temporaryFolder(), temporaryFolder()];
    const { events } = await run(await request(spec, out));
    await run(await request({ ...spec, optimizer: { type: "sgd", learning_rate: 0 } }, untrained));
    expect(losses(events).at(-1)).toBeLessThan(losses(events)[0] ?? 0);
    const [trained, drawn] = [weightsOf(out), weightsOf(untrained)];
    for (const [name, { data }] of trained) {
      if (isFrozen(name)) expect(data, name).toEqual(drawn.get(name)?.data);
      else expect(data, name).not.toEqual(drawn.get(name)?.data);
    }
  });

  test("a whole model of them has nothing to train", async () => {
    const model = [{ layer: "dense", size: 1, trainable: false }];
    const data = { type: "arrays", inputs: [[1]], targets: [[1]] };
    const frozen = await request({ ...spec, data, model, loss: { type: "squared_error" } }, temporaryFolder());
    const outcome = await runTraining(frozen, { emit() {}, stopping: () => false });
    expect(outcome).toMatchObject({ ok: false, problems: [{ code: "nothing-to-train", path: "/model" }] });
  });
});

describe("averaged weights", () => {
  const averaged = { ...spec, optimizer: { ...spec.optimizer, average: { decay: 0.5 } } };

  test("a run's weights are the averages, its losses those of the weights", async () => {
    const [out, plain] = [temporaryFolder(), temporaryFolder()];
    const [made, alone] = [await run(await request(averaged, out)), await run(await request(spec, plain))];
    expect(losses(made.events)).toEqual(losses(alone.events));
    expect(weightsOf(out).get("projection/W")?.data).not.toEqual(weightsOf(plain).get("projection/W")?.data);
    expect(weightsOf(out).get("embedding/W")).toEqual(weightsOf(plain).get("embedding/W"));
  });

  test("an interrupted run goes on bit by bit", async () => {
    const [whole, interrupted] = [temporaryFolder(), temporaryFolder()];
    const { events } = await run(await request(averaged, whole));
    const parts = { ...averaged, train: { steps: 6, steps_per_call: 1, checkpoint_every: 2 } };
    const first = await run(await request(parts, interrupted), (said) =>
      said.some(({ event }) => event === "checkpoint"),
    );
    const rest = await run({ ...(await request(parts, interrupted)), resume: true });
    expect([...losses(first.events), ...losses(rest.events)]).toEqual(losses(events));
    expect(weightsOf(interrupted)).toEqual(weightsOf(whole));
  });
});
