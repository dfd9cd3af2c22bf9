/** Runs with everything random in them are repeatable: in any number of steps per call, and interrupted anywhere. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { NormalTrain } from "../../schema/normal.js";
import { base, normal } from "../schema/spec.js";
import { temporaryFolder } from "./folder.js";
import { losses, run, weightsOf } from "./training.js";

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
  return { spec, folder: ".", out, device: "cpu", resume: false, init: null, without: [] } as const;
}

test("the same numbers in any number of steps per call, and others for another seed", async () => {
  const folder = temporaryFolder();
  const one = await run(await request(join(folder, "one"), { steps_per_call: 1 }));
  expect(losses(one.events)).toHaveLength(20);
  const all = await run(await request(join(folder, "all"), { steps_per_call: 20 }));
  expect(losses(all.events)).toEqual(losses(one.events));
  expect(weightsOf(join(folder, "all"))).toEqual(weightsOf(join(folder, "one")));
  const other = await run(await request(join(folder, "other"), { steps_per_call: 1 }, 2));
  expect(losses(other.events)).not.toEqual(losses(one.events));
});

test("a resumed run is the uninterrupted one, bit by bit", async () => {
  const folder = temporaryFolder();
  const whole = await run(await request(join(folder, "whole")));
  for (const stop of [1, 13]) {
    const out = join(folder, `stopped-${stop}`);
    const first = await run(await request(out, { steps_per_call: 1 }), (seen) => losses(seen).length >= stop);
    const second = await run({ ...(await request(out)), resume: true });
    expect([...losses(first.events), ...losses(second.events)]).toEqual(losses(whole.events));
    expect(weightsOf(out)).toEqual(weightsOf(join(folder, "whole")));
  }
});
