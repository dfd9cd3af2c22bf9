/** Values that are not finite are found in their step, and located in the spec. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findLatestCheckpoint } from "../../../runtime/run/checkpoint.js";
import type { Device } from "../../../runtime/sessions/session.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run } from "../../support/training-runs.js";
import { hasWebgpu, withWebgpu } from "../../support/webgpu.js";

const sums = (target: number) => ({
  type: "arrays",
  inputs: [
    [[0.1], [0.2], [0.3]],
    [[0.3], [0.1], [0.2]],
    [[0.2], [0.2], [0.1]],
    [[0.4], [0.1], [0.3]],
  ],
  targets: [[target], [target], [target], [target]],
});

const grows = {
  state: { h: "hidden_size" },
  parameters: { W: ["input_size", "hidden_size"], a: ["hidden_size"] },
  initializers: { a: 0.5 },
  equations: ["s = h + x @ W", "q = 0.9 - a", "h' = s * 0.1 + log(q)"],
  output: "h'",
};

async function fail(parts: object, learningRate?: number, device: Device = "cpu") {
  const out = join(temporaryFolder(), "run");
  const read = await readSpec(
    JSON.stringify({
      name: "diverges",
      data: sums(1),
      model: [
        { layer: "rnn", name: "steps", cell: "rnn", hidden_size: 3, return: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
      train: { steps: 40, batch_size: 4 },
      ...parts,
    }),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const { optimizer } = read.spec;
  const spec = { ...read.spec, optimizer: { ...optimizer, learning_rate: learningRate ?? optimizer.learning_rate } };
  const request = { spec, folder: "", out, device, resume: false, init: null, disabledPasses: [] };
  const { outcome, events } = await run(request);
  if (outcome.ok || outcome.error.kind !== "failed") throw new Error("it should have failed on its way");
  return { ...outcome.error, events, out };
}

const ownSpec = (train: object) => ({
  cells: { grows },
  model: [{ layer: "rnn", name: "steps", cell: "grows", hidden_size: 1, return: "last" }],
  // The parameter a climbs until q is no longer positive.
  data: sums(-30),
  optimizer: { type: "sgd", learning_rate: 0.002 },
  train,
});

test("an equation of a loss with a value that is not finite is located", async () => {
  const { message, source, hint } = await fail({
    losses: { roots: { equations: ["e = y - t", "root = log(t - 2)", "loss = e ^ 2 + root * y"] } },
    loss: { type: "roots" },
  });
  expect(message).toContain("the first value that is not finite is in root of the loss roots");
  expect(source).toMatchObject({ path: "/losses/0/definition/equations/1" });
  expect(hint).toContain("logarithm");
});

describe("an equation of the spec is located", () => {
  const flat = (layer: object) => ({
    data: { type: "arrays", inputs: [[0.5], [-0.5]], targets: [[1], [2]] },
    model: [layer, { layer: "dense", size: 1 }],
    train: { steps: 2, batch_size: 2 },
  });
  const dense = (activation: unknown) => flat({ layer: "dense", name: "first", size: 3, activation });
  test.each([
    [
      "of an activation that another one calls, with options",
      {
        ...dense({ type: "shifted", shift: 9 }),
        activations: {
          inner: { equations: ["z = x * 2", "y = log(z)"] },
          shifted: { options: { shift: 0 }, equations: ["y = inner(x - shift)"] },
        },
      },
      "y of the activation inner in first",
      "/activations/inner/equations/1",
      "logarithm",
    ],
    [
      "of a layer",
      { ...flat({ layer: "own" }), layers: { own: { equations: ["z = x - x", "y = x / z"] } } },
      "y of the layer own",
      "/layers/own/equations/1",
      "divides",
    ],
    [
      "whose derivative alone is not finite, of an activation",
      { ...dense("root"), activations: { root: { equations: ["z = abs(x) * 0", "y = sqrt(z) + x"] } } },
      "the derivative of y of the activation root in first",
      "/activations/root/equations/1",
      "infinite at 0",
    ],
    [
      "whose derivative alone is not finite, of a loss",
      {
        ...dense("tanh"),
        losses: { root: { equations: ["d = abs(y - t) * 0", "loss = d ^ 0.5 + abs(y)"] } },
        loss: { type: "root" },
      },
      "the derivative of loss of the loss root",
      "/losses/0/definition/equations/1",
      "power below 1",
    ],
    [
      "of an optimizer",
      {
        ...dense("tanh"),
        optimizers: { own: { slots: { m: 0 }, equations: ["m' = m + g", "u = sqrt(m' - 1e9)", "p' = p - rate * u"] } },
        optimizer: { type: "own", learning_rate: 0.1 },
      },
      "u of the optimizer own",
      "/optimizers/own/equations/1",
      "square root",
    ],
  ])("%s", async (_, parts, place, path, cause) => {
    const { message, source, hint } = await fail(parts);
    expect(message).toContain(`the first value that is not finite is in ${place}.`);
    expect(source).toMatchObject({ path });
    expect(hint).toContain(cause);
  });
});

test("an equation with a value that is not finite is located, for any number of steps per call", async () => {
  const reference = await fail(ownSpec({ steps: 40, batch_size: 4, steps_per_call: 1, checkpoint_every: 1 }));
  expect(reference.message).toMatch(
    /^The loss became NaN at step \d+; the first value that is not finite is in h' of steps\/0, at time step 1\. The checkpoint of step \d+ is intact\.$/,
  );
  expect(reference.hint).toContain("log(max(x, 1e-6))");
  expect(reference.source).toMatchObject({ code: "not-finite", path: "/cells/grows/equations/2" });
  const step = Number(/at step (\d+)/.exec(reference.message)?.[1]);
  expect(step).toBeGreaterThan(1);
  expect(losses(reference.events)).toHaveLength(step - 1);
  expect(findLatestCheckpoint(join(reference.out, "checkpoints")).latest?.state.step).toBe(step - 1);
  expect(readdirSync(reference.out)).not.toContain("weights.safetensors");

  for (const train of [{ steps_per_call: 40 }, { steps_per_call: 40, accumulate: 2 }]) {
    const second = await fail(ownSpec({ steps: 40, batch_size: 4, ...train }));
    expect(second.message.split(". ")[0]).toBe(reference.message.split(". ")[0]);
    expect(second.message).toContain("There is no checkpoint before it.");
    expect(losses(second.events)).toHaveLength(step - 1);
  }
});

test("a loss that is too large", async () => {
  const { message, source, hint } = await fail({ data: sums(1e30) });
  expect(hint).toMatch(/^No update has been made yet: the cause is in the data/);
  expect(message).toMatch(/^The loss became Infinity at step 1; the first value that is not finite is in the loss\./);
  expect(source?.path).toBe("/loss");
});

test.each(["normal", "low"])("a derivative in a loop is located in its equation, memory: %s", async (memory) => {
  const zero = {
    ...grows,
    parameters: { W: grows.parameters.W },
    initializers: {},
    equations: ["h' = sqrt(x @ W * 0)"],
  };
  const { message, source, hint } = await fail({
    cells: { zero },
    train: { steps: 40, batch_size: 4, memory },
    model: [
      { layer: "rnn", name: "steps", cell: "zero", hidden_size: 2, return: "last" },
      { layer: "dense", size: 1 },
    ],
  });
  expect(message).toMatch(
    /^The gradient became infinite at step 1; the first value that is not finite is in the derivative of h' of steps\/0, at time step 3\./,
  );
  expect(source?.path).toBe("/cells/zero/equations/0");
  expect(hint).toContain("The derivative of a square root is infinite at 0");
});

test("an update that is too large, of a finite gradient", async () => {
  const { message, hint, source } = await fail({ data: sums(1e3) }, 3e38);
  expect(message).toMatch(/^The weights (steps\/0|dense)\/\w+ became infinite with the update of step 1\./);
  expect(hint).toBe(
    'Usually "clip": { "global_norm": 1 } in optimizer, or a learning_rate smaller than 3e+38 prevents this.',
  );
  expect(source?.path).toMatch(/^\/model\/[01]$/);
});

test.skipIf(!hasWebgpu)(`the messages are the same on WebGPU${withWebgpu}`, async () => {
  const train = { steps: 40, batch_size: 4, steps_per_call: 1, checkpoint_every: 1 };
  for (const [parts, rate] of [[ownSpec(train)], [{ data: sums(1e3) }, 3e38]] as const) {
    const [host, device] = [await fail(parts, rate), await fail(parts, rate, "webgpu")];
    expect(device.message).toBe(host.message);
    expect(findLatestCheckpoint(join(device.out, "checkpoints")).latest?.state.step).toBe(
      findLatestCheckpoint(join(host.out, "checkpoints")).latest?.state.step,
    );
    expect(readdirSync(device.out)).not.toContain("weights.safetensors");
  }
});

test("exploding gradients are reported", async () => {
  const { hint } = await fail({
    model: [
      { layer: "pool", mode: "sum" },
      { layer: "dense", size: 1 },
    ],
    optimizer: { type: "sgd", learning_rate: 20 },
    train: { steps: 400, batch_size: 4, steps_per_call: 1 },
  });
  expect(hint).toMatch(/^The gradient norm rose from a median of \S+ in the last \d+ steps to \S+\. /);
});
