/** Running statistics of batch_norm over whole runs: their values, and equality however a run is divided. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { readTrainableModel } from "../../../runtime/import/trainable-model.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { build } from "../../support/artifacts.js";
import { normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";
import { hasWebgpu, withWebgpu } from "../../support/webgpu.js";

const [BATCH, STEPS, MOMENTUM, EPSILON] = [2, 6, 0.2, 0.01];
const lengths = [3, 1, 2, 3];
const inputs = lengths.map((_, row) => [0, 1, 2].map((step) => [row + Math.sin(row * step), 3 * Math.cos(row + step)]));
const spec = {
  name: "normalized",
  seed: 5,
  data: { type: "arrays", inputs, targets: inputs.map((steps) => steps.map(([x = 0]) => [x])), lengths },
  model: [
    { layer: "batch_norm", momentum: MOMENTUM, epsilon: EPSILON },
    { layer: "dense", size: 3, activation: "tanh" },
    { layer: "batch_norm", momentum: MOMENTUM },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam", learning_rate: 0.05 },
  train: { steps: STEPS, batch_size: BATCH, shuffle: false, steps_per_call: 1 },
};

async function request(train: object = {}, extra: object = {}, out = temporaryFolder()): Promise<TrainRequest> {
  const read = await normal({ ...spec, ...extra, train: { ...spec.train, ...train } });
  return { spec: read.spec, folder: ".", out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

/** Losses, and all tensors of weights.safetensors, buffers included. */
async function trained(trainRequest: TrainRequest, stopAt = Number.POSITIVE_INFINITY) {
  const { events, outcome } = await run(trainRequest, (soFar) => losses(soFar).length >= stopAt);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return { losses: losses(events), weights: weightsOf(trainRequest.out), done: outcome.value, events };
}

const valid = (row: number) => inputs[row]?.slice(0, lengths[row]) ?? [];

test("no step keeps initial weights and running statistics, which a step without a learning rate moves", async () => {
  const source = await request();
  const first = await trained(source);
  const from = { file: join(source.out, "weights.safetensors"), maps: [] };
  const none = await trained({ ...(await request({ steps: 0 })), init: from });
  expect(none.losses).toEqual([]);
  expect([...none.weights]).toEqual([...first.weights]);
  const still = { type: "sgd", learning_rate: 0 };
  const one = await trained({ ...(await request({ steps: 1 }, { optimizer: still })), init: from });
  expect([...one.weights]).not.toEqual([...first.weights]);
});

test("running statistics are PyTorch's averages over the valid steps of each batch", async () => {
  const { weights, done } = await trained(await request());
  const statistics = [0, 1].map((feature) => {
    let [mean, variance] = [0, 1];
    for (let step = 0; step < STEPS; step++) {
      const rows = [0, 1].map((row) => (step * BATCH + row) % inputs.length);
      const column = rows.flatMap(valid).map((features) => features[feature] ?? Number.NaN);
      const batchMean = column.reduce((sum, x) => sum + x, 0) / column.length;
      const unbiased = column.reduce((sum, x) => sum + (x - batchMean) ** 2, 0) / (column.length - 1);
      mean = (1 - MOMENTUM) * mean + MOMENTUM * batchMean;
      variance = (1 - MOMENTUM) * variance + MOMENTUM * unbiased;
    }
    return { mean, variance };
  });
  const numbers = (name: string) => [...(weights.get(name)?.data ?? [])];
  statistics.forEach(({ mean, variance }, feature) => {
    expect(numbers("batch_norm/running_mean")[feature]).toBeCloseTo(mean, 5);
    expect(numbers("batch_norm/running_variance")[feature]).toBeCloseTo(variance, 5);
  });

  // Predictions use them.
  const normalize = (name: string, x: readonly number[], epsilon: number) =>
    x.map((entry, index) => {
      const [mean = 0, variance = 1] = ["running_mean", "running_variance"].map(
        (each) => numbers(`${name}/${each}`)[index],
      );
      const [gain = 1, shift = 0] = ["gain", "shift"].map((each) => numbers(`${name}/${each}`)[index]);
      return ((entry - mean) / Math.sqrt(variance + epsilon)) * gain + shift;
    });
  const dense = (name: string, x: readonly number[]) => {
    const [W, b] = [numbers(`${name}/W`), numbers(`${name}/b`)];
    return b.map((bias, column) =>
      x.reduce((sum, entry, row) => sum + entry * (W[row * b.length + column] ?? 0), bias),
    );
  };
  const predict = (x: readonly number[]) =>
    dense(
      "dense_2",
      normalize("batch_norm_2", dense("dense", normalize("batch_norm", x, EPSILON)).map(Math.tanh), 1e-5),
    );
  const predicted = (done.predictions as readonly (readonly (readonly number[])[])[]).map((steps, row) =>
    steps.slice(0, lengths[row]).flat(),
  );
  const expected = predicted.map((_, row) => valid(row).flatMap(predict));
  expect(predicted.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  predicted.flat().forEach((value, index) => {
    expect(value).toBeCloseTo(expected.flat()[index] ?? Number.NaN, 4);
  });
});

test("steps per call, an interruption and the training state of a model file change no bit", async () => {
  const expected = await trained(await request());
  const calls = await trained(await request({ steps_per_call: 4 }));
  expect([calls.losses, calls.weights]).toEqual([expected.losses, expected.weights]);

  const interrupted = await request();
  await trained(interrupted, 2);
  const resumed = await trained({ ...interrupted, resume: true });
  expect(resumed.weights).toEqual(expected.weights);

  const short = await request({ steps: 2 });
  await trained(short);
  const file = join(temporaryFolder(), "model.onnx");
  expect(await exportModel({ run: short.out, out: file, training: true })).toMatchObject({ ok: true });
  const model = await readTrainableModel(file);
  expect(model.ok).toBe(true);
  const continued = await trained({ ...(await request({ steps: STEPS - 2 })), fromModel: file });
  expect(continued.weights).toEqual(expected.weights);
});

test("buffers are ports of their own, which have no slots and no gradient", async () => {
  const { manifest } = (await build(spec)).artifact;
  const buffers = ["batch_norm", "batch_norm_2"].flatMap((name) => [
    `${name}/running_mean`,
    `${name}/running_variance`,
  ]);
  const named = (ports: readonly { readonly name: string; readonly role: string }[]) =>
    ports.filter(({ role }) => role === "buffer").map(({ name }) => name);
  expect(named(manifest.train.inputs)).toEqual(buffers);
  expect(named(manifest.train.outputs)).toEqual(buffers.map((name) => `next/${name}`));
  expect(named(manifest.eval.inputs)).toEqual(buffers);
  expect(named(manifest.model.inputs)).toEqual(buffers);
  expect(manifest.slots.filter(({ name }) => name.includes("running"))).toEqual([]);
  expect(manifest.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name)).toEqual(buffers);
});

test("averaged weights have the statistics of the trained weights", async () => {
  const statistics = ({ weights }: { readonly weights: ReturnType<typeof weightsOf> }) =>
    [...weights].filter(([name]) => name.includes("/running_"));
  const average = { optimizer: { ...spec.optimizer, average: { decay: 0.5 } } };
  const averaged = await trained(await request({}, average));
  const plain = await trained(await request());
  expect(statistics(averaged)).toEqual(statistics(plain));
  expect(averaged.weights.get("dense/W")).not.toEqual(plain.weights.get("dense/W"));
});

test("a skipped update in float16 leaves the statistics unchanged", async () => {
  const precision = { type: "float16", loss_scale: { initial: 2 ** 32, growth_interval: 5 } };
  const { events, weights } = await trained(await request({ steps: 1, precision }));
  expect(eventsOfKind(events, "step")[0]).toMatchObject({ skipped: true });
  expect([...(weights.get("batch_norm/running_mean")?.data ?? [])]).toEqual([0, 0]);
  expect([...(weights.get("batch_norm/running_variance")?.data ?? [])]).toEqual([1, 1]);
});

test("processes that share a batch are refused", async () => {
  await expect(build(spec, { dataParallel: true })).rejects.toThrow(
    "batch_norm normalizes over the whole batch, whose statistics processes that share it do not know.",
  );
});

describe.skipIf(!hasWebgpu)(`on WebGPU${withWebgpu}`, () => {
  test("the statistics are those of the CPU", async () => {
    const host = await trained(await request());
    const device = await trained({ ...(await request()), device: "webgpu" });
    const names = [...host.weights.keys()].filter((name) => name.includes("/running_"));
    expect(names).toHaveLength(4);
    for (const name of names) {
      const expected = host.weights.get(name)?.data ?? [];
      device.weights.get(name)?.data.forEach((value, index) => {
        expect(value, name).toBeCloseTo(expected[index] ?? Number.NaN, 3);
      });
    }
  });
});
