/** Sessions through ONNX Runtime's C API: the results of onnxruntime-node, in reused arrays. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { compile } from "../../../../compiler/compile.js";
import { openData } from "../../../../runtime/data/index.js";
import { openStepRunner } from "../../../../runtime/sessions/backend.js";
import { openNativeSession } from "../../../../runtime/sessions/native/session.js";
import type { Runner } from "../../../../runtime/sessions/runner.js";
import { ortSessionOptions } from "../../../../runtime/sessions/session.js";
import { createThreadTuner } from "../../../../runtime/sessions/threads/thread-tuner.js";
import { initializeTensors } from "../../../../runtime/tensors/initializers.js";
import { createTrainer } from "../../../../runtime/training/trainer.js";
import { readSpec } from "../../../../schema/read.js";

const rows = 4;
const read = await readSpec(
  JSON.stringify({
    data: { type: "text", text: "the quick brown fox jumps over the lazy dog, ".repeat(4), window: 12 },
    model: [
      { layer: "embedding", size: 8 },
      { layer: "rnn", cell: "lstm", hidden_size: 16, stateful: true },
      { layer: "projection" },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.01, schedule: { type: "plateau" } },
    train: { steps: 6, batch_size: rows },
  }),
);
if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
const { spec } = read;
const opened = await openData(spec, "");
if (!opened.ok) throw new Error(JSON.stringify(opened.error));
const source = opened.value;
const compiled = await compile(spec, source.signature(spec.train));
if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
const { manifest, train } = compiled.artifact;

const openNode = () => InferenceSession.create(train, ortSessionOptions("cpu", 0, {}));
const native = await openNativeSession(train, manifest.train, 0);

function trainerOf(runner: Runner) {
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const tensors = {
    parameters: initializeTensors(manifest.parameters, 1),
    slots: initializeTensors(manifest.slots, 1),
    states: new Map(),
  };
  const batches = (first: number, steps: number) =>
    source.batch(Uint32Array.from({ length: steps * rows }, (_, index) => (first * rows + index) % source.examples));
  return createTrainer(runner, manifest.train, stored, { step: 0, ...tensors }, rows, batches);
}

/** The tensors and metrics of a trainer, copied since it continues. */
async function heldBy(trainer: ReturnType<typeof trainerOf>) {
  const roles = (["parameter", "slot", "state"] as const).map((role) => trainer.tensors(role));
  return (await Promise.all(roles)).map((tensors) =>
    [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString("hex")]),
  );
}

// On other platforms training uses onnxruntime-node.
describe.skipIf(native === undefined)("a native session", () => {
  if (native === undefined) return;

  test("trains to the same bits, in calls of any number of steps", async () => {
    const [nativeTrainer, nodeTrainer] = [trainerOf(native), trainerOf(await openNode())];
    for (const [first, steps] of [
      [1, 1],
      [2, 1],
      [3, 4],
      [7, 1],
      [8, 2],
    ] as const) {
      const [actual, expected] = [
        await nativeTrainer.runSteps(first, steps, 1),
        await nodeTrainer.runSteps(first, steps, 1),
      ];
      expect(actual).toEqual(expected);
      expect(await heldBy(nativeTrainer)).toEqual(await heldBy(nodeTrainer));
    }
  });

  test("writes outputs into buffers that are no longer read", async () => {
    const trainer = trainerOf(native);
    const arrays = new Set<unknown>();
    for (let step = 1; step <= 8; step++) {
      await trainer.runSteps(step, 1, 1);
      for (const { data } of (await trainer.tensors("slot")).values()) arrays.add(data);
    }
    // Two for each tensor: the input and the output of a step.
    expect(arrays.size).toBe(2 * manifest.slots.length);
  });

  test("keeps the state where an update is not finite", async () => {
    const [nativeTrainer, nodeTrainer] = [trainerOf(native), trainerOf(await openNode())];
    for (const trainer of [nativeTrainer, nodeTrainer])
      for (const step of [1, 2, 3]) await trainer.runSteps(step, 1, 1);
    const before = await heldBy(nativeTrainer);
    expect((await nativeTrainer.runSteps(4, 1, Number.POSITIVE_INFINITY)).nonFinite).not.toBeNull();
    expect(await heldBy(nativeTrainer)).toEqual(before);
    for (const trainer of [nativeTrainer, nodeTrainer]) for (const step of [4, 5]) await trainer.runSteps(step, 1, 1);
    expect(await heldBy(nativeTrainer)).toEqual(await heldBy(nodeTrainer));
  });

  test("throws the message of the library, and stays usable", async () => {
    const session = (await openNativeSession(train, manifest.train, 0)) ?? native;
    onTestFinished(() => session.release());
    const ids = new Tensor("int32", new Int32Array(rows * 12), [1, rows, 12]);
    await expect(session.run({ inputs: ids })).rejects.toThrow(/There is no value for the input "/);
    const feeds = Object.fromEntries(
      manifest.train.inputs.map(({ name, dtype, shape }) => {
        const dims = shape.map((dim) =>
          typeof dim === "number" ? dim : ({ steps: 1, batch: rows, time: 12 }[dim] ?? 1),
        );
        const count = dims.reduce((product, size) => product * size, 1);
        const data = dtype === "float32" ? new Float32Array(count) : new Int32Array(count);
        return [name, dtype === "int64" ? new Tensor("int64", [0n], []) : new Tensor(data, dims)];
      }),
    );
    const wrongShape = new Tensor("float32", new Float32Array(6), [2, 3]);
    await expect(session.run({ ...feeds, "projection/W": wrongShape })).rejects.toThrow(/invalid dimensions/);
    expect(Object.keys(await session.run(feeds))).toEqual(manifest.train.outputs.map(({ name }) => name));
    session.release();
  });
});

test.skipIf(native === undefined)("only large models use it", async () => {
  const large = manifest.train.outputs.map((port) => ({ ...port, shape: [2 ** 20] }));
  for (const outputs of [large, manifest.train.outputs]) {
    const actual = await openStepRunner("cpu", train, { ...manifest.train, outputs }, 0, {});
    expect(actual.ok && actual.value.runner.runInto !== undefined).toBe(outputs === large);
  }
});

test("without koffi training uses onnxruntime-node", async () => {
  vi.resetModules();
  vi.doMock("koffi", () => {
    throw new Error("not installed");
  });
  onTestFinished(() => {
    vi.doUnmock("koffi");
    vi.resetModules();
  });
  const { openNativeSession: openExcluding } = await import("../../../../runtime/sessions/native/session.js");
  expect(await openExcluding(train, manifest.train, 0)).toBeUndefined();
  // Simulates a large model.
  const outputs = manifest.train.outputs.map((port) => ({ ...port, shape: [2 ** 20] }));
  const { openStepRunner: reopen } = await import("../../../../runtime/sessions/backend.js");
  const actual = await reopen("cpu", train, { ...manifest.train, outputs }, 0, {});
  expect(actual).toMatchObject({ ok: true, value: { device: "cpu", notice: "" } });
});

test("a training whose number of threads changes has the bits of one that keeps it", async () => {
  const policy = {
    record: () => {},
    pace: () => 1,
    isDue: () => true,
    settle: () => ({ isFaster: true, ratio: 0.5 }),
  };
  const tuner = createThreadTuner({
    ...{ ports: manifest.train, first: native ?? (await openNode()), counts: ["all", 1], choice: "equal" },
    open: async () => (await openNativeSession(train, manifest.train, 0)) ?? openNode(),
    hasMemory: () => true,
    ...{ lastStep: 100, policy },
  });
  const [tuned, fixed] = [trainerOf(tuner), trainerOf(await openNode())];
  const numbers: unknown[] = [];
  for (let call = 0; call < 10; call++) {
    const results = await Promise.all([tuned, fixed].map((each) => each.runSteps(1 + 2 * call, 2, 1)));
    expect(results[0]).toEqual(results[1]);
    numbers.push(tuner.threads());
  }
  expect(numbers).toEqual(["all", "all", "all", 1, 1, 1, 1, "all", "all", "all"]);
  expect(await heldBy(tuned)).toEqual(await heldBy(fixed));
});
