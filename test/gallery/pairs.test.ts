/** Sequences from sequences and from vectors, written by the decoder itself. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { expect, it } from "vitest";
import type { Manifest } from "../../compiler/artifact.js";
import { openData } from "../../runtime/data/index.js";
import { END, START } from "../../runtime/data/vocabulary/tokens.js";
import { beamSearch } from "../../runtime/generation/beam-search.js";
import { readSpecFile } from "../../schema/read.js";
import { rnnx, train } from "./run.js";

/** The share of the examples of a part that the trained decoder writes exactly, and their number. */
async function exactMatchRate(run: string, split: "train" | "test", beams: number) {
  const read = await readSpecFile(join(run, "spec.json"));
  if (!read.ok) throw new Error("the run's spec does not read");
  const opened = await openData(read.spec, read.folder);
  if (!opened.ok) throw new Error("the run's data does not open");
  const source = opened.value;
  const manifest = JSON.parse(readFileSync(join(run, "manifest.json"), "utf8")) as Manifest;
  const session = await InferenceSession.create(join(run, "model.onnx"));
  const indices = source.splits[split];
  const batch = source.batch(indices);
  const options = { startId: START, endId: END, maxTokens: 12, beamWidth: beams, outputsProbabilities: true };
  const decoded = await beamSearch(session, manifest, batch, options);
  const targets = batch.get("targets");
  const width = targets?.shape[1] ?? 0;
  const exact = decoded.filter(({ ids }, row) => {
    const expected = Array.from(targets?.data.slice(row * width, (row + 1) * width) ?? [], Number);
    return [...ids, END].every((id, index) => id === expected[index]);
  });
  await session.release();
  return { exact: exact.length / indices.length, count: indices.length };
}

it("translate writes at least 95 % of held-out numbers exactly, greedily and with a beam, and any that predict is given", async () => {
  const { run } = await train("translate");
  const greedy = await exactMatchRate(run, "test", 1);
  expect(greedy.count).toBe(200);
  expect(greedy.exact).toBeGreaterThanOrEqual(0.95);
  expect((await exactMatchRate(run, "test", 3)).exact).toBeGreaterThanOrEqual(0.95);

  writeFileSync(join(run, "words.txt"), "two hundred and thirty one\nninety nine\n");
  await rnnx("predict", run, "--input", join(run, "words.txt"), "--output", join(run, "digits.jsonl"), "--beam", "3");
  const predictionLines = readFileSync(join(run, "digits.jsonl"), "utf8").trim().split("\n");
  expect(predictionLines.map((line) => JSON.parse(line).target)).toEqual(["2 3 1", "9 9"]);
});

it("caption writes every caption of its pictures", async () => {
  const { run } = await train("caption");
  expect(await exactMatchRate(run, "train", 1)).toEqual({ exact: 1, count: 72 });
});

it("predict --beam refuses where nothing is decoded", async () => {
  const { run } = await train("feedforward", "--steps", "1");
  const rejected = rnnx("predict", run, "--input", "x.json", "--output", join(run, "x.json"), "--beam", "3");
  await expect(rejected).rejects.toThrow("has no decoder that takes a beam width");
});
