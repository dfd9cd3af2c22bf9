/**
 * Transfer: a network that knows five speakers, exported, and its .onnx trained on 20 sounds of a sixth, in Node and in a
 * browser from the same train.onnx.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { type FineTuneArtifact, fineTune } from "../../compiler/fine-tune/index.js";
import { readWav } from "../../runtime/data/formats/wav.js";
import { exportModel } from "../../runtime/export/index.js";
import { initializeTensors } from "../../runtime/tensors/initializers.js";
import { readSafetensors, type Tensors, writeSafetensors } from "../../runtime/tensors/safetensors.js";
import { runTraining } from "../../runtime/training/loop.js";
import { serveFolder } from "../../runtime/web/static-server.js";
import { chromiumPath, copyWasmRuntime, linkedFile, openBrowser, openPage } from "../support/browser.js";
import { readTestSpec } from "../support/fine-tune-spec.js";
import { normal } from "../support/read-spec.js";
import { root, temporaryFolder } from "../support/spawn.js";

const sounds = join(root, "../shared/data/spoken_digits");
const missing = [
  ...(existsSync(sounds) ? [] : ["no spoken digits"]),
  ...(chromiumPath === undefined ? ["no Chromium"] : []),
];
const [STEPS, TAKES] = [40, 2] as const;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const fileOf = (digit: number, speaker: string, take: number) => join(sounds, `${digit}_${speaker}_${take}.wav`);
const trained = ["group_norm/*", "weights", "conv1d/*", "dense/*"];

/** The exported network of five speakers. */
async function exportedNetwork(folder: string): Promise<Uint8Array> {
  const rows = ["george", "jackson", "lucas", "nicolas", "theo"].flatMap((speaker) =>
    range(0, 10).flatMap((digit) => range(0, 6).map((take) => `${fileOf(digit, speaker, take)},${digit}`)),
  );
  writeFileSync(join(folder, "five.csv"), ["path,label", ...rows].join("\n"));
  const { spec } = await normal({
    name: "digits",
    seed: 1,
    data: { type: "audio", file: "five.csv", sample_rate: 8000 },
    model: [
      { layer: "log_mel", bands: 20 },
      { layer: "group_norm", groups: 20 },
      { layer: "conv1d", size: 24, kernel_size: 5, activation: "relu" },
      { layer: "pool", mode: "max" },
      { layer: "dense", size: "classes" },
    ],
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learning_rate: 0.01 },
    train: { epochs: 12, batch_size: 50 },
  });
  const run = join(folder, "run");
  const request = { spec, folder, out: run, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
  const outcome = await runTraining(request, { emit: () => {}, shouldStop: () => false });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const out = join(folder, "digits.onnx");
  const exported = await exportModel({ run, out });
  if (!exported.ok) throw new Error(JSON.stringify(exported.error));
  return readFileSync(out);
}

/** Sounds of the sixth speaker, padded with zeros. */
function batchOf(takes: readonly number[]) {
  const all = takes.flatMap((take) =>
    range(0, 10).map((digit) => {
      const read = readWav(readFileSync(fileOf(digit, "yweweler", take)));
      if (!read.ok) throw new Error(JSON.stringify(read.error));
      return { digit, samples: read.value.samples };
    }),
  );
  const time = Math.max(...all.map(({ samples }) => samples.length));
  const inputs = new Float32Array(all.length * time);
  for (const [row, { samples }] of all.entries()) inputs.set(samples, row * time);
  return {
    inputs: { shape: [all.length, time, 1], data: inputs },
    lengths: { shape: [all.length], data: BigInt64Array.from(all, ({ samples }) => BigInt(samples.length)) },
    targets: { shape: [all.length], data: BigInt64Array.from(all, ({ digit }) => BigInt(digit)) },
  };
}

type Arrays = ReturnType<typeof batchOf>;

const tensorOf = (data: Float32Array | BigInt64Array, shape: readonly number[]) =>
  data instanceof Float32Array ? new ort.Tensor("float32", data, shape) : new ort.Tensor("int64", data, shape);
const feedsOf = (tensors: Tensors | ReadonlyMap<string, Arrays["lengths"]>) =>
  Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, tensorOf(data, shape)]));

/** The trained weights, and the losses. */
async function trainInNode({ train, manifest }: FineTuneArtifact, initial: Tensors, batch: Arrays) {
  const session = await ort.InferenceSession.create(train);
  const feeds = { ...feedsOf(initial), step: new ort.Tensor("int64", BigInt64Array.of(0n), []) };
  const shapeOf = ({ shape }: { readonly shape: readonly number[] }) => [STEPS, ...shape];
  const { inputs, lengths, targets } = batch;
  const repeated = new Float32Array(STEPS * inputs.data.length);
  for (let step = 0; step < STEPS; step++) repeated.set(inputs.data, step * inputs.data.length);
  const ids = ({ data }: Arrays["lengths"]) => BigInt64Array.from(range(0, STEPS).flatMap(() => [...data]));
  const results = await session.run({
    ...feeds,
    inputs: tensorOf(repeated, shapeOf(inputs)),
    lengths: tensorOf(ids(lengths), shapeOf(lengths)),
    targets: tensorOf(ids(targets), shapeOf(targets)),
  });
  const weights: Tensors = new Map(
    manifest.parameters.map(({ name, shape }) => {
      const next = results[`next/${name}`]?.data ?? initial.get(name)?.data;
      return [name, { shape, data: next as Float32Array }];
    }),
  );
  return { weights, losses: [...(results.loss as ort.TypedTensor<"float32">).data] };
}

/** The same in a page, by examples/train-anywhere. */
async function trainInBrowser(site: string, artifact: FineTuneArtifact, initial: Tensors, batch: Arrays) {
  mkdirSync(site);
  cpSync(join(root, "examples/train-anywhere"), site, { recursive: true });
  copyWasmRuntime(site);
  const arrays = range(1, STEPS + 1).flatMap((step) =>
    Object.entries(batch).map(
      ([name, { shape, data }]) => [`${step}/${name}`, { shape: [1, ...shape], data }] as const,
    ),
  );
  const metadata = { steps: `${STEPS}`, reset_states: "" };
  writeFileSync(join(site, "train.onnx"), artifact.train);
  writeFileSync(join(site, "manifest.json"), JSON.stringify(artifact.manifest));
  writeFileSync(join(site, "initial.safetensors"), writeSafetensors(initial));
  writeFileSync(join(site, "batches.safetensors"), writeSafetensors(new Map(arrays), metadata));
  const [server, browser] = await Promise.all([serveFolder(site, 0), openBrowser()]);
  try {
    const { page, errors } = await openPage(browser, `${server.address}index.html`);
    await page.waitForSelector("#losses[data-done]", { timeout: 60_000 });
    const lines = ((await page.locator("#losses").textContent()) ?? "").trim().split("\n");
    const read = readSafetensors(await linkedFile(page));
    if (!read.ok) throw new Error(read.error);
    expect(errors).toEqual([]);
    return { weights: read.value.tensors, losses: lines.map((line): number => JSON.parse(line).loss) };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The share of right answers, of all sounds of the sixth speaker but those of the training. */
async function accuracyOf({ eval: evaluation }: FineTuneArtifact, weights: Tensors): Promise<number> {
  const session = await ort.InferenceSession.create(evaluation);
  let right = 0;
  let total = 0;
  for (let take = TAKES; take < 50; take += 8) {
    const batch = new Map(Object.entries(batchOf(range(take, Math.min(50, take + 8)))));
    const feeds = { ...feedsOf(weights), ...feedsOf(batch as ReadonlyMap<string, Arrays["lengths"]>) };
    const results = await session.run(
      Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as ort.Tensor])),
      ["metrics/accuracy"],
    );
    const [sum = 0, count = 0] = (results["metrics/accuracy"] as ort.TypedTensor<"float32">).data;
    [right, total] = [right + sum, total + count];
  }
  expect(total).toBe(480);
  return right / total;
}

const reason = missing.length === 0 ? "" : ` (skipped: ${missing.join(", ")} here)`;
test.skipIf(missing.length > 0)(
  `a network learns a sixth speaker in Node and in a page${reason}`,
  {
    timeout: 240_000,
  },
  async () => {
    const folder = temporaryFolder();
    const result = await fineTune(await exportedNetwork(folder), {
      spec: await readTestSpec("cross_entropy", { type: "adam", learning_rate: 0.003 }),
      isOutputLoss: false,
      output: "logits",
      parameters: trained,
      inputGradient: false,
      batchNorm: "inference",
      external: () => new Uint8Array(),
    });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const { artifact } = result;
    const initial: Tensors = new Map([...artifact.weights, ...initializeTensors(artifact.manifest.slots, 0)]);
    const batch = batchOf(range(0, TAKES));
    const node = await trainInNode(artifact, initial, batch);
    const page = await trainInBrowser(join(folder, "site"), artifact, initial, batch);
    for (const [index, loss] of node.losses.entries())
      expect(Math.abs(loss - (page.losses[index] ?? Number.NaN)), `step ${index + 1}`).toBeLessThan(2e-3);
    const before = await accuracyOf(artifact, initial);
    const [inNode, inPage] = [await accuracyOf(artifact, node.weights), await accuracyOf(artifact, page.weights)];
    expect(inNode).toBeGreaterThan(before + 0.05);
    expect(Math.abs(inNode - inPage)).toBeLessThan(0.01);
  },
);
