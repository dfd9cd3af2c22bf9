/** Runs with everything random in them are repeatable: in any number of steps per call, and interrupted anywhere. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { NormalTrain } from "../../schema/normal.js";
import { base, normal } from "../schema/spec.js";
import { sharedFolder } from "./folder.js";
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

const folder = sharedFolder();
const of = (name: string) => join(folder, name);
let whole: Awaited<ReturnType<typeof run>>;

beforeAll(async () => {
  whole = await run(await request(of("whole"), { steps_per_call: 1 }));
});

test("the same numbers in any number of steps per call, and others for another seed", async () => {
  expect(losses(whole.events)).toHaveLength(20);
  const all = await run(await request(of("all"), { steps_per_call: 20 }));
  expect(losses(all.events)).toEqual(losses(whole.events));
  expect(weightsOf(of("all"))).toEqual(weightsOf(of("whole")));
  const other = await run(await request(of("other"), { steps_per_call: 1, steps: 2 }, 2));
  expect(losses(other.events)).not.toEqual(losses(whole.events).slice(0, 2));
});

test("a run that is resumed, and resumed again, is the uninterrupted one, bit by bit", async () => {
  const out = of("stopped");
  const until = async (stop: number, resume: boolean) => {
    const asked = { ...(await request(out, { steps_per_call: 1 })), resume };
    return losses((await run(asked, (seen) => losses(seen).length >= stop)).events);
  };
  const parts = [await until(1, false), await until(12, true)];
  const last = await run({ ...(await request(out)), resume: true });
  expect(parts.map(({ length }) => length)).toEqual([1, 12]);
  expect([...parts.flat(), ...losses(last.events)]).toEqual(losses(whole.events));
  expect(weightsOf(out)).toEqual(weightsOf(of("whole")));
});
