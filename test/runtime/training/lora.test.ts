/** Low-rank adaptation: PyTorch's numbers, the model as it was at the first step, and one matrix in an export. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { exportModel } from "../../../runtime/export/index.js";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { readSpec } from "../../../schema/read.js";
import { rowsModel } from "../../support/onnx-models.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";

interface Fixture {
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly rank: number;
  readonly alpha: number;
  readonly rate: number;
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
  readonly losses: readonly number[];
  readonly lora_B: readonly number[];
}

/** Twenty steps of a hand-written LoRA in PyTorch 2.13: tanh(x W + b + alpha / rank · x A B), then a trained layer. */
const fixture: Fixture = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../fixtures/lora.json", import.meta.url)), "utf8"),
);

async function requestFor(spec: object, folder: string, name = "run"): Promise<TrainRequest> {
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const out = join(folder, name);
  return { spec: read.spec, folder, out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

const twoLayers = {
  data: { type: "arrays", inputs: fixture.inputs, targets: fixture.targets },
  model: [
    { layer: "dense", name: "a", size: 8, activation: "tanh" },
    { layer: "dense", name: "b", size: 1 },
  ],
  adapt: { rank: fixture.rank, alpha: fixture.alpha, layers: ["a"] },
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: fixture.rate },
  train: { steps: 20, batch_size: "all", shuffle: false },
};

test("factors are trained as in PyTorch, and an export has one matrix", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "start.safetensors");
  const start = Object.entries(fixture.weights).map(
    ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
  );
  writeFileSync(file, writeSafetensors(new Map(start)));
  const request = { ...(await requestFor(twoLayers, folder)), init: { file, maps: [] } };
  const { outcome, events } = await run(request);
  expect(outcome.ok ? "" : JSON.stringify(outcome.error)).toBe("");
  expect(JSON.stringify(eventsOfKind(events, "notice"))).not.toContain('\\"adapt\\"');
  const actual = losses(events);
  expect(Math.max(...fixture.losses.map((loss, step) => Math.abs(loss - (actual[step] ?? Number.NaN))))).toBeLessThan(
    1e-5,
  );
  const weights = weightsOf(request.out);
  const factor = weights.get("a/W/lora_B")?.data ?? [];
  fixture.lora_B.forEach((value, index) => {
    expect(factor[index]).toBeCloseTo(value, 5);
  });
  for (const name of ["a/W", "a/b"])
    expect(weights.get(name)?.data).toEqual(Float32Array.from(fixture.weights[name]?.data ?? []));

  const out = join(folder, "merged.onnx");
  const exported = await exportModel({ run: request.out, out });
  expect(exported.ok ? "" : JSON.stringify(exported.error)).toBe("");
  const read = readModel(readFileSync(out));
  expect(read.ok && read.model.initializers.map(({ name, shape }) => `${name} [${shape?.join(", ")}]`)).toEqual([
    "a/W [4, 8]",
    "a/b [8]",
    "b/W [8, 1]",
    "b/b [1]",
  ]);
  // The verification of the export compares it with the merged model: this compares it with the trained one.
  const ort = await import("onnxruntime-node");
  const inputs = new ort.Tensor("float32", Float32Array.from(fixture.inputs.flat()), [fixture.inputs.length, 4]);
  const outputs = await Promise.all(
    [out, join(request.out, "model.onnx")].map(async (model) => {
      const session = await ort.InferenceSession.create(model);
      return (await session.run({ inputs })).outputs?.data as Float32Array;
    }),
  );
  const [merged = [], separate = []] = outputs;
  expect(Math.max(...Array.from(merged, (value, index) => Math.abs(value - (separate[index] ?? 0))))).toBeLessThan(
    1e-6,
  );
  expect(merged.length).toBe(fixture.inputs.length);
});

test("an adapted layer of another program starts as the frozen one, and trains its factors alone", async () => {
  const folder = temporaryFolder();
  const spec = (layer: object) => ({
    name: "adapted",
    data: {
      type: "arrays",
      inputs: fixture.inputs.map((row) => [row, row.map((value) => value / 2)]),
      targets: fixture.targets,
    },
    model: [
      { layer: "onnx", name: "net", file: rowsModel, output: "y", ...layer },
      { layer: "pool", mode: "mean" },
      { layer: "dense", name: "head", size: 1 },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam", learning_rate: 0.05 },
    train: { steps: 5, batch_size: "all", shuffle: false },
  });
  const frozen = await run(await requestFor(spec({ trainable: false }), folder, "frozen"));
  const request = await requestFor(spec({ adapt: { rank: 2, layers: ["W"] } }), folder, "adapted");
  const adapted = await run(request);
  expect(losses(adapted.events)[0]).toBe(losses(frozen.events)[0]);
  expect(losses(adapted.events)[4]).not.toBe(losses(frozen.events)[4]);
  const [before, after] = [weightsOf(join(folder, "frozen")), weightsOf(request.out)];
  for (const name of ["net/W", "net/b"]) expect(after.get(name)).toEqual(before.get(name));
  expect(after.get("net/W/lora_B")?.data.some((value) => value !== 0)).toBe(true);
});

test("an adaptation of weights that no file gives is stated", async () => {
  const folder = temporaryFolder();
  const spec = { ...twoLayers, train: { ...twoLayers.train, steps: 1 } };
  const noticesOf = async (request: TrainRequest) => eventsOfKind((await run(request)).events, "notice");
  const file = join(folder, "start.safetensors");
  const [[name, { shape, data }] = ["", { shape: [], data: [] }]] = Object.entries(fixture.weights);
  expect(name).toBe("a/W");
  const start = { shape, data: Float32Array.from(data) };
  writeFileSync(file, writeSafetensors(new Map([[name, start]])));
  const random = await requestFor(spec, folder);
  const message = (weights: string) =>
    `"adapt" freezes ${weights} at initial values, not at trained ones: name trained weights with --init.`;
  expect((await noticesOf(random)).map((notice) => notice.message)).toEqual([message("a/W and 1 other weight")]);
  const some = { ...(await requestFor(spec, folder, "some")), init: { file, maps: [] } };
  expect((await noticesOf(some)).map((notice) => notice.message)).toContain(message("a/b"));
});

test("wrong adapters", async () => {
  const problems = async (adapt: object) => {
    const { outcome } = await run(await requestFor({ ...twoLayers, adapt }, temporaryFolder()));
    return outcome.ok || outcome.error.kind !== "input"
      ? outcome
      : outcome.error.problems.map(({ message, hint }) => `${message} ${hint}`);
  };
  expect(await problems({ rank: 2, layers: ["c"] })).toEqual(['"c" names no matrix of weights. Matrices: a/W, b/W.']);
  expect(await problems({ rank: 2 })).toEqual([
    'The matrix b/W is [8, 1], smaller than the rank 2. Write a smaller "rank", or name larger matrices in "layers".',
  ]);
});
