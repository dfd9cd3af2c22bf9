/** Runs with all random layers are reproducible: for any number of steps per call, and after any interruption. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { base, normal } from "../../support/read-spec.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { losses, run, weightsOf } from "../../support/training-runs.js";

async function request(out: string, train: Partial<NormalTrain> = {}, seed = 1) {
  const dropout = { input: 0.1, output: 0.2, state: { h: 0.2, c: 0.1 } };
  const { spec } = await normal({
    ...base,
    seed,
    data: { type: "text", text: "if you want to build a ship, don't drum up people", window: 8 },
    model: [
      { layer: "one_hot" },
      {
        layer: "rnn",
        layer_norm: true,
        cells: [
          { cell: "lstm", hidden_size: 8, dropout, zoneout: { h: 0.1, c: 0.3 } },
          { cell: "gru", hidden_size: 8, dropout: { output: 0.2, state: 0.2, variational: true }, residual: true },
        ],
      },
      { layer: "dropout", rate: 0.3 },
      { layer: "projection", activation: "softmax" },
    ],
    train: { steps: 20, batch_size: 7, shuffle: true, ...train },
  });
  return { spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
}

const folder = sharedFolder();
const outFolder = (name: string) => join(folder, name);
let uninterrupted: Awaited<ReturnType<typeof run>>;

beforeAll(async () => {
  uninterrupted = await run(await request(outFolder("whole"), { steps_per_call: 1 }));
});

test("the same results for any number of steps per call, and others for another seed", async () => {
  expect(losses(uninterrupted.events)).toHaveLength(20);
  const allSteps = await run(await request(outFolder("all"), { steps_per_call: 20 }));
  expect(losses(allSteps.events)).toEqual(losses(uninterrupted.events));
  expect(weightsOf(outFolder("all"))).toEqual(weightsOf(outFolder("whole")));
  const otherSeed = await run(await request(outFolder("other"), { steps_per_call: 1, steps: 2 }, 2));
  expect(losses(otherSeed.events)).not.toEqual(losses(uninterrupted.events).slice(0, 2));
});

test("a run that is resumed, and resumed again, is the uninterrupted one, bit by bit", async () => {
  const out = outFolder("stopped");
  const lossesUntil = async (stop: number, resume: boolean) => {
    const trainRequest = { ...(await request(out, { steps_per_call: 1 })), resume };
    return losses((await run(trainRequest, (events) => losses(events).length >= stop)).events);
  };
  const parts = [await lossesUntil(1, false), await lossesUntil(12, true)];
  const last = await run({ ...(await request(out)), resume: true });
  expect(parts.map(({ length }) => length)).toEqual([1, 12]);
  expect([...parts.flat(), ...losses(last.events)]).toEqual(losses(uninterrupted.events));
  expect(weightsOf(out)).toEqual(weightsOf(outFolder("whole")));
});
