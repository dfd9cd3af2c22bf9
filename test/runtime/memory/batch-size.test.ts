/** Batches by memory: the numbers, their record, and that a resumed run keeps them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryByBatch } from "../../../compiler/compile.js";
import { openData } from "../../../runtime/data/index.js";
import { resolveBatchSize } from "../../../runtime/memory/batch-size.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";

const text = "the quick brown fox jumps over the lazy dog, and over ".repeat(20);
const base = {
  name: "batch-size",
  seed: 4,
  data: { type: "text", text, window: 16, stride: 1 },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: 24 },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
};

/** Resolves the batch size with the memory of a batch of `batch` examples and `extra` bytes as the limit. */
async function resolveSpec(train: object, batch: number, extra = 0) {
  const { spec } = await normal({ ...base, train });
  const opened = await openData(spec, ".");
  if (!opened.ok) throw new Error("The data has problems.");
  const source = opened.value;
  const memoryFor = memoryByBatch(spec, source.signature(spec.train));
  if (!memoryFor.ok) throw new Error("The spec has problems.");
  const { memoryAt: bytes } = memoryFor;
  const result = await resolveBatchSize(spec, source, bytes(batch) + extra);
  return { ...result, examples: source.examples, bytes };
}

describe("the largest batch", () => {
  test("is the largest power of two that fits", async () => {
    const { spec, notices } = await resolveSpec({ steps: 1, batch_size: "largest" }, 64, 1);
    expect(spec.train.batch_size).toBe(64);
    expect(notices).toEqual([expect.stringMatching(/^Batch size: 64 examples, the largest within [\d,.]+ MiB\.$/)]);
    expect((await resolveSpec({ steps: 1, batch_size: "largest" }, 64, -1)).spec.train.batch_size).toBe(32);
  });

  test("is all examples where they fit", async () => {
    const { spec } = await resolveSpec({ steps: 1, batch_size: "largest" }, 2000);
    expect(spec.train.batch_size).toBe("all");
  });

  test("is divisible by the number of micro-batches", async () => {
    const { spec } = await resolveSpec({ steps: 1, batch_size: "largest", accumulate: 3 }, 3 * 32, 1);
    expect(spec.train.batch_size).toBe(3 * 32);
  });

  test("is one example where nothing fits", async () => {
    expect((await resolveSpec({ steps: 1, batch_size: "largest" }, 0)).spec.train.batch_size).toBe(1);
  });
});

describe("an automatic number of micro-batches", () => {
  test("is the smallest that fits", async () => {
    const train = { steps: 1, batch_size: 240, accumulate: "auto" };
    expect((await resolveSpec(train, 240)).spec.train.accumulate).toBe(1);
    const { spec, notices, bytes } = await resolveSpec(train, 60);
    const { accumulate } = spec.train;
    expect(accumulate).toBeGreaterThan(3);
    expect(240 % Number(accumulate)).toBe(0);
    expect(notices[0]).toContain(`A batch of 240 examples is computed in ${accumulate} micro-batches within`);
    expect(bytes(240)).toBeGreaterThan(bytes(60));
  });

  test("is refused for stateful layers", async () => {
    const model = [base.model[0], { ...base.model[1], stateful: true }, base.model[2]];
    const problems = await unplacedProblems({
      ...base,
      data: { type: "text", text, window: 16 },
      model,
      train: { steps: 1, accumulate: "auto", batch_size: "largest" },
    });
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["accumulate-states", "stateful-batch"]);
  });
});

test("a run records its batch size, equals a run with that number, and keeps it when resumed with another limit", async () => {
  const request = async (train: object, out: string): Promise<TrainRequest> => {
    const { spec } = await normal({ ...base, train });
    return { spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] };
  };
  const { bytes } = await resolveSpec({ steps: 1, batch_size: "largest" }, 1);
  const out = temporaryFolder();
  const trainRequest = { ...(await request({ steps: 4, batch_size: "largest" }, out)), memoryLimit: bytes(32) };
  const first = await run(trainRequest);
  expect(first.outcome.ok).toBe(true);
  expect(eventsOfKind(first.events, "notice").map(({ message }) => message)).toEqual([
    expect.stringContaining("32 examples"),
  ]);
  expect(JSON.parse(readFileSync(join(out, "spec.json"), "utf8")).train.batch_size).toBe(32);

  const longer = await request({ steps: 8, batch_size: "largest" }, out);
  const second = await run({ ...longer, resume: true, memoryLimit: bytes(128) });
  expect(second.outcome.ok).toBe(true);

  const otherFolder = temporaryFolder();
  const fixed = await run(await request({ steps: 8, batch_size: 32 }, otherFolder));
  expect([...losses(first.events), ...losses(second.events)]).toEqual(losses(fixed.events));
  expect(weightsOf(out)).toEqual(weightsOf(otherFolder));
});
