import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNpy } from "../../../runtime/data/formats/npy.js";
import type { TrainEvent } from "../../../runtime/events.js";
import { readCheckpoint } from "../../../runtime/run/checkpoint.js";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, fixture, losses, requestFor, run, specOfCase, weightsOf } from "../../support/training-runs.js";

const small: Partial<NormalTrain> = { batch_size: 3, shuffle: true, steps: 20 };

async function request(out: string, train: Partial<NormalTrain> = {}) {
  return requestFor("embedding-gru-sgd", await specOfCase("embedding-gru-sgd", { ...small, ...train }), out);
}

const metricsOf = (out: string) => readFileSync(join(out, "metrics.jsonl"), "utf8");

describe("a run", () => {
  test("writes a directory with everything to resume and to use it", async () => {
    const out = join(temporaryFolder(), "run");
    const { outcome, events } = await run(await request(out, { checkpoint_every: 8 }));
    if (!outcome.ok) throw new Error("the run failed");
    expect(readdirSync(out).sort()).toEqual([
      "checkpoints",
      "data.json",
      "environment.json",
      "eval.onnx",
      "manifest.json",
      "metrics.jsonl",
      "model.onnx",
      "result.json",
      "spec.json",
      "stream.onnx",
      "train.onnx",
      "weights.safetensors",
    ]);
    expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["step-00000016", "step-00000020"]);
    expect(eventsOfKind(events, "checkpoint").map(({ step }) => step)).toEqual([8, 16, 20]);
    expect(eventsOfKind(events, "start")).toEqual([
      {
        event: "start",
        run: out,
        device: "cpu",
        parameters: expect.any(Number),
        examples: { train: 4, validation: 0, test: 0 },
        step: 0,
        steps: 20,
      },
    ]);
    expect(events.at(-1)).toEqual(outcome.value);
    expect(outcome.value).toMatchObject({ run: out, step: 20, loss: losses(events).at(-1), interrupted: false });
    expect(outcome.value.metrics.train.loss).toBeLessThan(losses(events)[0] ?? 0);
    expect(outcome.value.predictions).toHaveLength(4);
    const lines = metricsOf(out).trim().split("\n");
    expect(lines.filter((line) => line.includes('"step","step"'))).toHaveLength(20);
  });

  test("writes a model that any session loads, with the predictions of the run", async () => {
    const out = temporaryFolder();
    const { outcome } = await run(await request(out));
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const session = await InferenceSession.create(join(out, "model.onnx"));
    const inputs = readNpy(readFileSync(fixture("embedding-gru-sgd", "inputs.npy")));
    if (!outcome.ok || !inputs.ok) throw new Error("there is nothing to compare");
    const { shape, values } = inputs.value;
    const { outputs } = await session.run({ inputs: new Tensor("int32", Int32Array.from(values), shape) });
    const predictions = Float32Array.from(outcome.value.predictions.flat(2).map(Number));
    expect(outputs?.data).toEqual(predictions);
  });

  test("gives the same results for any number of steps per call, and in every run", async () => {
    const folder = temporaryFolder();
    const make = async (name: string, train: Partial<NormalTrain>) =>
      run(await request(join(folder, name), { batch_size: 2, ...train }));
    const singleStep = await make("one", { steps_per_call: 1 });
    expect(singleStep.calls).toEqual(Array(20).fill(1));
    for (const [name, steps_per_call, calls] of [
      ["again", 1, singleStep.calls],
      ["three", 3, [3, 3, 3, 3, 3, 3, 2]],
      ["all", 20, [20]],
      ["auto", "auto", expect.anything()],
    ] as const) {
      const variant = await make(name, { steps_per_call });
      expect(variant.calls).toEqual(calls);
      expect(losses(variant.events)).toEqual(losses(singleStep.events));
      expect(weightsOf(join(folder, name))).toEqual(weightsOf(join(folder, "one")));
    }
  });

  test("gives other results for another seed or another order", async () => {
    const folder = temporaryFolder();
    const original = await request(join(folder, "a"));
    const first = losses((await run(original)).events);
    const reseeded = { ...original, out: join(folder, "b"), spec: { ...original.spec, seed: 99 } };
    expect(losses((await run(reseeded)).events)).not.toEqual(first);
    const ordered = await request(join(folder, "c"), { shuffle: false });
    expect(losses((await run(ordered)).events)).not.toEqual(first);
  });

  test("evaluates after each epoch of a run of epochs", async () => {
    const out = temporaryFolder();
    const { events } = await run(await request(out, { steps: null, epochs: 3 }));
    expect(eventsOfKind(events, "evaluation").map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
  });

  test("replaces an older one with overwrite only, and keeps what is not a run's", async () => {
    const out = temporaryFolder();
    await run(await request(out, { checkpoint_every: 5 }));
    writeFileSync(join(out, "notes.txt"), "mine");
    const { outcome } = await run(await request(out, { steps: 4 }));
    expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: "run-exists" }] } });
    const { events } = await run({ ...(await request(out, { steps: 4 })), overwrite: true });
    expect(losses(events)).toHaveLength(4);
    expect(readdirSync(join(out, "checkpoints"))).toEqual(["step-00000004"]);
    expect(readFileSync(join(out, "notes.txt"), "utf8")).toBe("mine");
  });
});

describe("a resumed run", () => {
  test("adds its updates and their time to those of the earlier sessions", async () => {
    const out = join(temporaryFolder(), "run");
    const timing = (): { updates: number; seconds: number } =>
      JSON.parse(readFileSync(join(out, "environment.json"), "utf8"));
    await run(await request(out));
    const { updates, seconds } = timing();
    expect(updates).toBe(20);
    await run({ ...(await request(out)), resume: true });
    expect(timing()).toMatchObject({ updates, seconds });
    await run({ ...(await request(out, { steps: 26 })), resume: true });
    expect(timing().updates).toBe(26);
    expect(timing().seconds).toBeGreaterThan(seconds);
  });

  test("with fewer steps than it has made is refused, and its results stay", async () => {
    const out = join(temporaryFolder(), "run");
    await run(await request(out));
    const result = () => readFileSync(join(out, "result.json"), "utf8");
    const before = result();
    const { outcome } = await run({ ...(await request(out, { steps: 15 })), resume: true });
    expect(outcome).toMatchObject({
      ok: false,
      error: { kind: "input", problems: [{ code: "steps-passed", path: "/train/steps" }] },
    });
    expect(result()).toBe(before);
    expect((await run({ ...(await request(out)), resume: true })).outcome).toMatchObject({
      ok: true,
      value: { step: 20 },
    });
  });

  test("is the uninterrupted one after an interrupt during an evaluation", async () => {
    const folder = temporaryFolder();
    const spec = { evaluate_every: 10, batch_size: 1 };
    const uninterrupted = join(folder, "whole");
    await run(await request(uninterrupted, spec));
    for (const stop of [10, 20]) {
      const out = join(folder, `stopped-${stop}`);
      // Asked before a call of the training session, and between the batches of an evaluation.
      const stopAt = (events: readonly TrainEvent[]) => losses(events).length === stop;
      const first = await run(await request(out, spec), stopAt);
      expect(first.outcome).toMatchObject({ ok: true, value: { step: stop, interrupted: true, predictions: [] } });
      expect(eventsOfKind(first.events, "evaluation")).toHaveLength(stop / 10 - 1);
      await run({ ...(await request(out, spec)), resume: true });
      expect(weightsOf(out)).toEqual(weightsOf(uninterrupted));
      expect(metricsOf(out)).toBe(metricsOf(uninterrupted));
    }
  });

  test("is the uninterrupted one, bit by bit, wherever it was stopped", async () => {
    const folder = temporaryFolder();
    const uninterrupted = join(folder, "whole");
    const { events } = await run(await request(uninterrupted));
    for (const stop of [0, 1, 7, 13, 19]) {
      const out = join(folder, `stopped-${stop}`);
      const first = await run(
        await request(out, { steps_per_call: 1 }),
        (eventsSoFar) => losses(eventsSoFar).length >= stop,
      );
      expect(first.outcome).toMatchObject({ ok: true, value: { step: stop, interrupted: true, predictions: [] } });
      expect(weightsOf(out)).toEqual(checkpointed(out, stop));
      const second = await run({ ...(await request(out)), resume: true });
      expect(eventsOfKind(second.events, "start")[0]?.step).toBe(stop);
      expect([...losses(first.events), ...losses(second.events)]).toEqual(losses(events));
      expect(weightsOf(out)).toEqual(weightsOf(uninterrupted));
      expect(metricsOf(out)).toBe(metricsOf(uninterrupted));
    }
  });

  test("removes the metrics after its checkpoint, as after a SIGKILL", async () => {
    const out = temporaryFolder();
    const { events } = await run(await request(out, { checkpoint_every: 8 }));
    const uninterrupted = metricsOf(out);
    truncateSync(join(out, "checkpoints/step-00000020/weights.safetensors"), 100);
    mkdirSync(join(out, "checkpoints/step-00000024.partial"));
    writeFileSync(
      join(out, "lock"),
      JSON.stringify({ pid: 2 ** 30, started: null, host: "" }).replace(
        '""',
        `"${(await import("node:os")).hostname()}"`,
      ),
    );
    const resumed = await run({ ...(await request(out)), resume: true });
    expect(eventsOfKind(resumed.events, "notice").map(({ message }) => message)).toEqual([
      `The checkpoint ${join(out, "checkpoints/step-00000020")} is damaged (weights.safetensors does not match files.json): skipped.`,
      "The run continues at step 17 of 20.",
    ]);
    expect(losses(resumed.events)).toEqual(losses(events).slice(16));
    expect(metricsOf(out)).toBe(uninterrupted);
    expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["step-00000016", "step-00000020"]);
  });

  test("may be made longer", async () => {
    const folder = temporaryFolder();
    const [long, short] = [join(folder, "long"), join(folder, "short")];
    await run(await request(long, { steps: 15 }));
    await run(await request(short, { steps: 6 }));
    await run({ ...(await request(short, { steps: 15 })), resume: true });
    expect(weightsOf(short)).toEqual(weightsOf(long));
  });

  test("that has ended has the same outcome again", async () => {
    const out = temporaryFolder();
    const first = await run(await request(out));
    const again = await run({ ...(await request(out)), resume: true });
    expect(again.outcome).toEqual(first.outcome);
    expect(losses(again.events)).toEqual([]);
    expect(eventsOfKind(again.events, "notice").map(({ message }) => message)).toEqual([
      "The run has reached its last step, 20: there is nothing to train. Increase --steps to continue.",
    ]);
  });

  test("without a checkpoint starts at step 1, with a notice", async () => {
    const out = join(temporaryFolder(), "new");
    const { events } = await run({ ...(await request(out)), resume: true });
    expect(eventsOfKind(events, "notice").map(({ message }) => message)).toEqual([
      `"${out}" has no checkpoint to resume from: the run starts at step 1.`,
    ]);
    expect(losses(events)).toHaveLength(20);
  });

  test("of another spec is refused, and no file is changed", async () => {
    const out = temporaryFolder();
    await run(await request(out));
    const before = metricsOf(out);
    const { outcome } = await run({ ...(await request(out, { batch_size: 2 })), resume: true });
    expect(outcome).toMatchObject({
      ok: false,
      error: {
        kind: "input",
        problems: [
          {
            path: "/train/batch_size",
            message: "The checkpoint at step 20 belongs to another spec: /train/batch_size was 3 and is 2.",
          },
        ],
      },
    });
    expect(metricsOf(out)).toBe(before);
    expect(existsSync(join(out, "lock"))).toBe(false);
  });

  test("of another spec is refused before the data is read", async () => {
    const out = temporaryFolder();
    await run(await request(out));
    const changed = { ...(await request(out, { batch_size: 2 })), folder: "/no-such-folder" };
    const { outcome } = await run({ ...changed, resume: true });
    expect(outcome).toMatchObject({ ok: false, error: { problems: [{ code: "resume-spec" }] } });
    const { outcome: fresh } = await run(changed);
    expect(fresh).toMatchObject({
      ok: false,
      error: { problems: [{ code: "file-missing" }, { code: "file-missing" }] },
    });
  });
});

describe("failures", () => {
  test("invalid data, before anything is written", async () => {
    const out = join(temporaryFolder(), "run");
    const { outcome } = await run({ ...(await request(out)), folder: "/no-such-folder" });
    expect(outcome).toMatchObject({
      ok: false,
      error: { kind: "input", problems: [{ code: "file-missing" }, { code: "file-missing" }] },
    });
    expect(existsSync(out)).toBe(false);
  });

  test("ids and classes that are out of range", async () => {
    const out = join(temporaryFolder(), "run");
    const { spec, ...remaining } = await request(out);
    const model = spec.model.map((layer) => {
      if (layer.layer === "embedding") return { ...layer, vocabulary_size: 6 };
      return layer.layer === "projection" ? { ...layer, size: 6 } : layer;
    });
    const { outcome } = await run({ ...remaining, spec: { ...spec, model } });
    expect(outcome).toMatchObject({ ok: false, error: { kind: "input" } });
    expect(
      !outcome.ok &&
        outcome.error.kind === "input" &&
        outcome.error.problems.map(({ path, file, hint }) => [path, file, hint]),
    ).toEqual([
      ["/data/inputs", "inputs.npy", 'Layer "embedding" has size 6, so the largest index is 5.'],
      ["/data/targets", "targets.npy", "The model's output has size 6, so the largest index is 5."],
    ]);
    expect(existsSync(out)).toBe(false);
  });

  test("a directory in use", async () => {
    const out = temporaryFolder();
    const inner: unknown[] = [];
    const outer = await request(out, { steps: 2, steps_per_call: 1 });
    await run(outer, (events) => {
      if (inner.length === 0 && losses(events).length === 1) inner.push(run(outer));
      return false;
    });
    expect(await inner[0]).toMatchObject({
      outcome: {
        ok: false,
        error: {
          kind: "failed",
          message: `The run directory "${out}" is in use: This process is already training there.`,
        },
      },
    });
  });

  test("a loss that is not finite, with the last intact checkpoint kept", async () => {
    const out = temporaryFolder();
    const trainRequest = await request(out, { checkpoint_every: 1, steps_per_call: 4 });
    const { optimizer } = trainRequest.spec;
    const { outcome, events } = await run({
      ...trainRequest,
      spec: { ...trainRequest.spec, optimizer: { ...optimizer, learning_rate: 3e38 } },
    });
    expect(outcome).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(!outcome.ok && outcome.error.kind === "failed" && outcome.error.message).toMatch(
      /^The (loss became (NaN|Infinity) at step \d+|weights \S+ became infinite with the update of step \d+)(;.*)?\. /,
    );
    expect(losses(events).every(Number.isFinite)).toBe(true);
    expect(existsSync(join(out, "weights.safetensors"))).toBe(false);
    expect(existsSync(join(out, "lock"))).toBe(false);
  });

  test("a requested device that is missing, with a hint", async () => {
    const out = join(temporaryFolder(), "run");
    const { outcome } = await run({ ...(await request(out)), device: "cuda" });
    expect(outcome).toMatchObject({
      ok: false,
      error: { kind: "failed", message: expect.stringMatching(/^The cuda device cannot be used: /) },
    });
    expect(existsSync(out)).toBe(false);
  });

  test("initial weights of other shapes", async () => {
    const folder = temporaryFolder();
    const init = join(folder, "init.safetensors");
    writeFileSync(init, writeSafetensors(new Map([["nothing", { shape: [1], data: Float32Array.of(1) }]])));
    const { outcome } = await run({ ...(await request(join(folder, "run"))), init: { file: init, maps: [] } });
    expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: "init-name" }] } });
  });
});

function checkpointed(out: string, step: number) {
  const read = readCheckpoint(join(out, "checkpoints"), step);
  if (!read.ok) throw new Error(read.error);
  return read.value.parameters;
}
