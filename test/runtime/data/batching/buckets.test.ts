/** Training on buckets and on splits: results do not depend on the steps per call. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrainRequest } from "../../../../runtime/training/request.js";
import type { NormalSpec, NormalTrain } from "../../../../schema/normal/index.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../../support/training-runs.js";

const words = ["a", "b", "c", "d"];
const lines = Array.from({ length: 60 }, (_, index) => {
  const tokens = Array.from(
    { length: 1 + ((index * 7) % 12) },
    (_, position) => words[(index + position * position) % 4],
  );
  return `${JSON.stringify({ tokens, label: tokens.includes("c") ? "yes" : "no" })}\n`;
});

async function request(folder: string, out: string, train: Partial<NormalTrain> = {}): Promise<TrainRequest> {
  writeFileSync(join(folder, "s.jsonl"), lines.join(""));
  const spec = {
    name: "small",
    seed: 3,
    data: { type: "sequences", file: "s.jsonl", buckets: 3, split: { train: 0.7, validation: 0.3 } },
    model: [
      { layer: "embedding", size: 3 },
      { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
      { layer: "dense", size: "classes" },
    ],
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learning_rate: 0.02 },
    train: { steps: 40, batch_size: 4, steps_per_call: 1 },
  };
  const read = await readSpec(JSON.stringify(spec));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const normal: NormalSpec = { ...read.spec, train: { ...read.spec.train, ...train } };
  return { spec: normal, folder, out: join(folder, out), device: "cpu", resume: false, init: null, disabledPasses: [] };
}

test("any number of steps in a call gives the same losses, to the bit", async () => {
  const folder = temporaryFolder();
  const single = await run(await request(folder, "single"));
  const several = await run(await request(folder, "several", { steps_per_call: 8 }));
  expect(losses(single.events)).toHaveLength(40);
  expect(losses(several.events)).toEqual(losses(single.events));
  expect(several.calls.length).toBeLessThan(30);
  expect(weightsOf(join(folder, "several"))).toEqual(weightsOf(join(folder, "single")));
});

test("a resumed run equals an uninterrupted one", async () => {
  const folder = temporaryFolder();
  const uninterrupted = await run(await request(folder, "whole", { steps_per_call: 3 }));
  const interrupted = await request(folder, "parted", { checkpoint_every: 13, steps_per_call: 2 });
  await run(interrupted, (events) => eventsOfKind(events, "checkpoint").length > 0);
  const resumed = await run({ ...interrupted, resume: true });
  expect(eventsOfKind(resumed.events, "start")[0]?.step).toBe(13);
  expect(losses(resumed.events)).toEqual(losses(uninterrupted.events).slice(13));
});

test("metrics per split", async () => {
  const folder = temporaryFolder();
  const { outcome } = await run(await request(folder, "run"));
  if (!outcome.ok) throw new Error("the run failed");
  const { train, validation, test: resumed } = outcome.value.metrics;
  expect(train.loss).not.toBe(validation.loss);
  expect(Object.keys(validation)).toEqual(Object.keys(train));
  expect(resumed).toEqual({});
});
