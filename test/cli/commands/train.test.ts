import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSpecFile } from "../../../schema/read.js";
import { launch, records, rnnx, temporaryFolder } from "../../support/spawn.js";
import { run } from "../../support/training-runs.js";

test("twenty steps are twenty records and a summary", async () => {
  const out = temporaryFolder();
  const { code, stdout } = await rnnx("train", "specs/hello.json", "--steps", "20", "--out", out, "--json");
  const events = records(stdout);
  expect(code).toBe(0);
  expect(events.filter(({ event }) => event === "step").map(({ step }) => step)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  const done = events.at(-1);
  expect(done).toMatchObject({ event: "done", run: out, step: 20 });
  expect(Object.keys(done ?? {})).toEqual(["event", "run", "step", "loss", "metrics", "predictions", "examples"]);
  expect(existsSync(join(out, "model.onnx"))).toBe(true);
});

test("text output contains the predictions and the path of the model", async () => {
  const out = temporaryFolder();
  const { stdout } = await rnnx("train", "specs/hello.json", "--out", out);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.slice(0, 2)).toEqual(["training examples: input → predicted (target)", "  hell → ello (ello)"]);
  expect(lines.at(-1)).toBe(`trained model: ${join(out, "model.onnx")}`);
});

test.each([
  ["specs/spam.json", /^ {2}(\S+ ){3,}.*→ (ham|spam) \((ham|spam)\)$/],
  ["templates/translate.json", /^ {2}[a-z -]+ → .* \(\d( \d)*\)$/],
  ["specs/stock.json", /^ {2}\d+(\.\d+)? \(\d+(\.\d+)?\)$/],
])("%s: predictions are printed with inputs that are text, and with targets in their units", async (spec, line) => {
  const { stdout } = await rnnx("train", spec, "--steps", "2", "--out", join(temporaryFolder(), "run"));
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^training examples: (input → )?predicted \(target\)$/);
  for (const text of lines.slice(1, 6)) expect(text).toMatch(line);
});

test("texts of spaces and line breaks are quoted", async () => {
  const text = ["--set", 'data.text=" a\\n b "', "--set", "data.window=3", "--set", "train.batch_size=1"];
  const { stdout } = await rnnx("train", "specs/hihello.json", ...text, "--steps", "2", "--out", temporaryFolder());
  expect(stdout.split("\n")[1]).toMatch(/^ {2}" a\\n" → .* \("a\\n "\)$/);
});

test("an error in an override names the option", async () => {
  const { code, stderr } = await rnnx("train", "specs/hello.json", "--set", "train.stpes=4");
  expect(code).toBe(2);
  expect(stderr).toContain('Unknown key "stpes" in the training settings (set by --set train.stpes=4).');
});

const endless = ["train", "specs/ship.json", "--steps", "1000000", "--json", "--out"];

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s saves a checkpoint and exits %d", async (signal, expected) => {
  const out = temporaryFolder();
  const { process: child, result } = launch([...endless, out]);
  child.stdout.once("data", () => child.kill(signal));
  const { code, stdout } = await result;
  expect(code).toBe(expected);
  const events = records(stdout);
  const done = events.at(-1);
  const checkpoint = events.findLast(({ event }) => event === "checkpoint");
  expect(done).toMatchObject({ event: "done", step: checkpoint?.step, predictions: [] });
  // The interrupted run has a usable model.
  expect(existsSync(join(out, "model.onnx"))).toBe(true);
  const evaluated = await rnnx("evaluate", out, "--json");
  expect(records(evaluated.stdout)[0]).toMatchObject({ step: checkpoint?.step });
});

test("a run without a step is named as such by plot and export", async () => {
  const folder = temporaryFolder();
  const read = await readSpecFile("specs/hihello.json");
  if (!read.ok) throw new Error("The spec is invalid.");
  const out = join(folder, "run");
  const { outcome } = await run(
    { spec: read.spec, folder: "specs", out, device: "cpu", resume: false, init: null, disabledPasses: [] },
    () => true,
  );
  expect(outcome).toMatchObject({ ok: true, value: { step: 0, loss: null, interrupted: true } });
  const plot = await rnnx("plot", out);
  expect(plot.code).toBe(2);
  expect(plot.stderr).toContain("no step was trained");
  const exported = await rnnx("export", out, "--out", join(folder, "model.onnx"));
  expect(exported.code).toBe(0);
  expect(exported.stderr).toContain("The weights are the initial ones: no step was trained.");
});

test("the last progress line has no loss of an earlier evaluation", async () => {
  const { stderr } = await rnnx("train", "specs/stock.json", "--steps", "60", "--out", join(temporaryFolder(), "run"));
  const last = stderr.split("\n").findLast((line) => line.startsWith("step 60/60"));
  expect(last).toMatch(/loss \d/);
  expect(last).not.toContain("validation");
});

test("a closed pipe ends the run with a checkpoint", async () => {
  const out = temporaryFolder();
  const { process: child, result } = launch([...endless, out]);
  child.stdout.once("data", () => child.stdout.destroy());
  expect((await result).code).toBe(141);
  expect(existsSync(join(out, "checkpoints"))).toBe(true);
});
