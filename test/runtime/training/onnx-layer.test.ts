/** Models of other programs as layers: trained to PyTorch's losses, kept by a run, resumed, exported. */
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { initialValues } from "../../../compiler/onnx/read/initial-values.js";
import { replaceWeights } from "../../../compiler/onnx/splice/replace-weights.js";
import type { Signature } from "../../../compiler/signature.js";
import { exportModel } from "../../../runtime/export/index.js";
import { exportLayer } from "../../../runtime/export/layer-model.js";
import { readArrayInputs } from "../../../runtime/predict/array-inputs.js";
import { keptModels } from "../../../runtime/run/kept-models.js";
import { loadModels } from "../../../runtime/storage/model-files.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import type { NormalOnnx } from "../../../schema/normal/index.js";
import { type ReadTextOptions, readSpec } from "../../../schema/read.js";
import { modelBytes } from "../../support/onnx-models.js";
import { unplacedProblems } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, losses, run, weightsOf } from "../../support/training-runs.js";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url));

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Fixture {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly targets: Stored;
  readonly rate: number;
  readonly losses: readonly number[];
}

const fixtureOf = (name: string): Fixture => JSON.parse(readFileSync(fixture(`${name}.json`), "utf8"));

/** An array as nested lists. */
function nested({ shape, data }: Stored): unknown {
  const [, ...inner] = shape;
  if (inner.length === 0) return data;
  const size = inner.reduce((product, length) => product * length, 1);
  return Array.from({ length: shape[0] ?? 0 }, (_, row) =>
    nested({ shape: inner, data: data.slice(row * size, (row + 1) * size) }),
  );
}

/** Values with the last two axes exchanged. */
const exchanged = (rows: unknown) =>
  (rows as readonly number[][][]).map((row) => (row[0] ?? []).map((_, step) => row.map((channel) => channel[step])));

/** A request to train a spec whose model files are in a folder. */
async function requestFor(spec: object, folder: string, out = join(folder, "run")): Promise<TrainRequest> {
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return { spec: read.spec, folder, out, device: "cpu", resume: false, init: null, disabledPasses: [] };
}

function specFor(name: string, layer: object, inputs: unknown, more: object = {}) {
  const { targets, rate } = fixtureOf(name);
  const isClass = targets.shape.length === 1;
  return {
    name,
    data: { type: "arrays", inputs, targets: nested(targets), ...more },
    model: [
      { layer: "onnx", name: "net", file: fixture(`${name}.onnx`), ...layer },
      ...(isClass ? [{ layer: "activation", activation: "softmax" }] : []),
    ],
    loss: { type: isClass ? "cross_entropy" : "squared_error" },
    optimizer: { type: "sgd", learning_rate: rate },
    train: { steps: 50, batch_size: "all", shuffle: false },
  };
}

const input = (name: string, key = "x") => nested(fixtureOf(name).inputs[key] as Stored);

describe("a model of PyTorch as a layer", () => {
  test.each([
    [
      "conv, of images",
      "conv",
      { layout: "channels_first", return: "vector" },
      () => (input("conv") as unknown[][]).map(([image]) => image),
      {},
    ],
    [
      "conv, of images by shape",
      "conv",
      { shape: [1, 8, 8] },
      () => (input("conv") as unknown[][]).map(([image]) => image),
      {},
    ],
    ["conv, of an array of its axes", "conv", {}, () => input("conv"), {}],
    ["conv, of vectors", "conv", {}, () => (input("conv") as number[][][][]).map((image) => image.flat(2)), {}],
    ["encoder, of ids", "encoder", { return: "vector", vocabulary_size: 12 }, () => input("encoder", "ids"), {}],
    [
      "bilstm, with lengths",
      "bilstm",
      { return: "vector", lengths: "lengths" },
      () => input("bilstm"),
      { lengths: input("bilstm", "lengths") },
    ],
    ["tcn, channels first", "tcn", { return: "vector", layout: "channels_first" }, () => exchanged(input("tcn")), {}],
    ["mlp, with batch normalization", "mlp", { batch_norm: "training" }, () => input("mlp"), {}],
  ] as const)("%s, is trained to its losses", async (_, name, layer, inputs, more) => {
    const request = await requestFor(specFor(name, layer, inputs(), more), temporaryFolder());
    const { outcome, events } = await run(request);
    expect(outcome.ok ? "" : JSON.stringify(outcome.error)).toBe("");
    const actual = losses(events);
    const expected = fixtureOf(name).losses;
    expect(actual.length).toBe(50);
    expect(Math.max(...expected.map((loss, step) => Math.abs(loss - (actual[step] ?? Number.NaN))))).toBeLessThan(1e-4);
  });
});

/** A model with a layer of another program between two of ours. */
const between = (steps: number, more: object = {}) => ({
  name: "run",
  data: { type: "arrays", inputs: input("mlp"), targets: nested(fixtureOf("mlp").targets) },
  model: [
    { layer: "dense", name: "before", size: 4 },
    { layer: "onnx", name: "net", file: "encoder.onnx", batch_norm: "training", ...more },
    { layer: "dense", name: "after", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam", learning_rate: 0.01 },
  train: { steps, batch_size: 4 },
});

test("a run keeps its model: it is resumed to the same weights, exported, and refuses another model", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "encoder.onnx");
  copyFileSync(fixture("mlp.onnx"), file);
  const trained = async (steps: number, name: string, resume = false) => {
    const request = { ...(await requestFor(between(steps), folder, join(folder, name))), resume };
    return { out: request.out, ...(await run(request)) };
  };
  const whole = await trained(6, "whole");
  const first = await trained(3, "parts");
  const kept = readdirSync(first.out).filter((name) => name.startsWith("layer-"));
  expect(kept.map((name) => readFileSync(join(first.out, name)))).toEqual([readFileSync(fixture("mlp.onnx"))]);
  const second = await trained(6, "parts", true);
  expect([...weightsOf(second.out)]).toEqual([...weightsOf(whole.out)]);
  const statistics = [...weightsOf(whole.out).keys()].filter((name) => name.includes("running"));
  expect(statistics).toEqual(["net/b.running_mean", "net/b.running_var"]);

  const written = join(folder, "back.onnx");
  const layer = await exportLayer(whole.out, "net", written);
  const replaced = layer.ok ? layer.value.replaced : [];
  expect(replaced.length).toBe(8);
  const after = initialValues(readFileSync(written), new Set(replaced));
  const ofRun = weightsOf(whole.out);
  for (const name of replaced) expect(after.get(name)?.data).toEqual(ofRun.get(`net/${name}`)?.data);
  // With the first values again it is the first file.
  const before = initialValues(readFileSync(file), new Set(replaced));
  const restored = replaceWeights(readFileSync(written), before);
  expect(restored.ok && Buffer.from(restored.model).equals(readFileSync(file))).toBe(true);
  expect(await exportLayer(whole.out, "nets", written)).toMatchObject({
    error: { problems: [{ code: "layer", hint: 'Did you mean "net"?' }] },
  });

  copyFileSync(fixture("rows.onnx"), file);
  expect((await trained(8, "parts", true)).outcome).toMatchObject({
    ok: false,
    error: { problems: [{ code: "resume-model", path: "/model/1/file" }] },
  });
  const resumed = (keptModels?: ReadTextOptions["keptModels"]) =>
    readSpec(JSON.stringify(between(8)), { folder, ...(keptModels && { keptModels }) });
  const copies = () => keptModels(second.out);
  const copy = join(second.out, kept[0] ?? "");
  expect((await resumed(copies)).ok && (await resumed(copies))).toMatchObject({
    notices: [
      `The model "encoder.onnx" has another content than when the run began: the run reads its own copy, ${copy}.`,
    ],
  });
  renameSync(file, join(folder, "encoders.onnx"));
  const read = await resumed(copies);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  expect(read.notices).toEqual([`The model "encoder.onnx" is missing: the run reads its own copy, ${copy}.`]);
  const base = { folder, device: "cpu", init: null, disabledPasses: [] } as const;
  const last = await run({ ...base, spec: read.spec, out: second.out, resume: true });
  expect(last.outcome.ok ? "" : JSON.stringify(last.outcome.error)).toBe("");
  // A copy of another content is no copy.
  writeFileSync(copy, readFileSync(fixture("rows.onnx")));
  expect(await resumed(copies)).toMatchObject({ ok: false, diagnostics: [{ code: "file-missing" }] });
  writeFileSync(copy, readFileSync(fixture("mlp.onnx")));
  expect(await unplacedProblems(between(8), { folder })).toEqual([
    'file-missing /model/1/file | The model "encoder.onnx" does not exist. | Did you mean "encoders.onnx"?',
  ]);
  const exported = await exportModel({ run: whole.out, out: join(folder, "whole.onnx") });
  expect(exported.ok ? "" : JSON.stringify(exported.error)).toBe("");
  expect(await exportModel({ run: whole.out, out: join(folder, "state.onnx"), training: true })).toMatchObject({
    error: { problems: [{ code: "training-layer" }] },
  });
});

test("frozen weights stay as the file has them, and statistics are constants", async () => {
  const folder = temporaryFolder();
  copyFileSync(fixture("mlp.onnx"), join(folder, "encoder.onnx"));
  const request = await requestFor(between(3, { trainable: false, batch_norm: "inference" }), folder);
  expect((await run(request)).outcome.ok).toBe(true);
  const weights = weightsOf(request.out);
  const ofNet = [...weights].filter(([name]) => name.startsWith("net/"));
  const values = initialValues(readFileSync(fixture("mlp.onnx")), new Set(ofNet.map(([name]) => name.slice(4))));
  expect(ofNet.map(([name, { data }]) => [name, data])).toEqual(
    [...values].map(([name, { data }]) => [`net/${name}`, data]),
  );
  expect(ofNet.length).toBe(6);
  expect([...weights.keys()].some((name) => name.includes("running"))).toBe(false);
});

test("a model that this process has not read is read again, and its content is compared", () => {
  const folder = temporaryFolder();
  copyFileSync(fixture("rows.onnx"), join(folder, "other.onnx"));
  const layer = (file: string) => ({ layer: "onnx", name: "net", file, sha256: "0".repeat(64) }) as NormalOnnx;
  expect(loadModels([layer("other.onnx"), layer("none.onnx")], folder)).toMatchObject([
    { code: "model-digest", path: "/model/0/file" },
    { code: "file-missing", path: "/model/1/file" },
  ]);
});

test("predictions read arrays of the axes of the training, and rows of their numbers", async () => {
  const folder = temporaryFolder();
  const signature = { inputs: { dtype: "float32", shape: ["batch", 4], axes: [1, 2, 2] } } as unknown as Signature;
  const read = async (rows: unknown) => {
    writeFileSync(join(folder, "rows.json"), JSON.stringify(rows));
    const result = await readArrayInputs(signature, new Set(["inputs"]), new Map(), "rows.json", folder);
    return result.ok ? result.value.get("inputs") : result.error.map(({ message }) => message).join();
  };
  const rows = { shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) };
  const image = [
    [1, 2],
    [3, 4],
  ];
  expect(await read([[image]])).toMatchObject(rows);
  expect(await read([[1, 2, 3, 4]])).toMatchObject(rows);
  expect(await read([image.map((line) => line.map((entry) => [entry]))])).toContain("must be [batch, 1, 2, 2]");
});

test("tensors of a model that are trained as one weight are stated, and untied; frozen ones are not", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "tied.onnx");
  const shared = { shape: [2, 2], data: [0.5, -0.3, 0.2, 0.8] };
  const chain = (second: string) =>
    modelBytes({
      inputs: { x: { shape: ["n", 2] } },
      initializers: { w: shared, [second]: shared },
      nodes: [
        { operator: "MatMul", inputs: ["x", "w"], outputs: ["h"] },
        { operator: "MatMul", inputs: ["h", second], outputs: ["y"] },
      ],
      outputs: ["y"],
    });
  writeFileSync(file, chain("w"));
  writeFileSync(join(folder, "two.onnx"), chain("w/y"));
  const noticesOf = async (layer: object, name: string) => {
    const rows = [
      [1, 0],
      [0, 1],
    ];
    const spec = {
      data: { type: "arrays", inputs: rows, targets: rows },
      model: [
        { layer: "onnx", name: "net", file, ...layer },
        { layer: "dense", size: 2 },
      ],
      loss: { type: "squared_error" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
      train: { steps: 1 },
    };
    const { events } = await run(await requestFor(spec, folder, join(folder, name)));
    return eventsOfKind(events, "notice").map(({ message }) => message);
  };
  expect((await noticesOf({}, "trained")).join()).toContain("net: Tensors that several nodes read are trained as one");
  expect((await noticesOf({ trainable: false }, "frozen")).join()).not.toContain("net:");
  expect((await noticesOf({ untie: ["w"] }, "untied")).join()).not.toContain("net:");
  await noticesOf({ file: join(folder, "two.onnx") }, "two");
  const [untied, two] = [weightsOf(join(folder, "untied")), weightsOf(join(folder, "two"))];
  expect([...untied]).toEqual([...two]);
  expect(untied.get("net/w")?.data).not.toEqual(untied.get("net/w/y")?.data);
  const layer = await exportLayer(join(folder, "untied"), "net", join(folder, "back.onnx"));
  expect(layer.ok && layer.value.replaced).toEqual(["w", "w/y"]);
});
