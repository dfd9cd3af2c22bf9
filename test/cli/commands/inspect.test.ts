import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launch, records, rnnx, temporaryFolder } from "../../support/spawn.js";

test("the parameters of a spec are listed and counted", async () => {
  const { code, stdout } = await rnnx("inspect", "specs/ship.json", "--json");
  const [result] = records(stdout);
  expect(code).toBe(0);
  expect(result).toMatchObject({ event: "result", parameters: { total: 10850, trainable: 10850 } });
  expect(Object.keys(result ?? {})).toEqual(expect.arrayContaining(["parameters", "flops", "memory", "layers"]));
});

test("shared weights are counted once", async () => {
  const { stdout } = await rnnx("inspect", "specs/ship-tied.json", "--json");
  expect(records(stdout)[0]).toMatchObject({ parameters: { total: 5750 } });
});

test("text output is a table", async () => {
  const { stdout } = await rnnx("inspect", "specs/hihello.json");
  expect(stdout).toMatch(/^hihello\n\nname +layer +output +parameters +FLOPs\n/);
  expect(stdout).toContain("rnn/0/W  [5, 20]         100");
});

test("a stage prints as text and as DOT", async () => {
  const [text, dot] = await Promise.all([
    rnnx("inspect", "specs/hello.json", "--stage", "forward"),
    rnnx("inspect", "specs/hello.json", "--stage", "forward", "--format", "dot"),
  ]);
  expect(text.stdout).toMatch(/^graph hello\n/);
  expect(dot.stdout).toMatch(/^digraph /);
});

test("a cell is explained; the layer name selects its first cell", async () => {
  const [cell, first] = await Promise.all([
    rnnx("inspect", "specs/ship.json", "--explain", "rnn/1", "--set", "train.batch_size=20", "--json"),
    rnnx("inspect", "specs/minimal-gated.json", "--explain", "rnn"),
  ]);
  expect(records(cell.stdout)[0]).toMatchObject({
    ...{ event: "result", name: "rnn/1", cell: "lstm", input_size: 25, hidden_size: 25, hoisted: ["a = x @ W + b"] },
    backward: { operations: 7 },
  });
  expect(first.stdout).toMatch(/^rnn\/0: minimal_gated\ninput_size 25, hidden_size 25\n/);
  const missing = await rnnx("inspect", "specs/ship.json", "--explain", "rnn/2");
  expect(missing).toMatchObject({ code: 2, stdout: "" });
});

test("the time of a forward pass is split among the layers", async () => {
  const { code, stdout } = await rnnx("inspect", "specs/spam.json", "--time", "--json");
  const { times } = records(stdout)[0] as { times: readonly number[] };
  expect(code).toBe(0);
  expect(times).toHaveLength(3);
  expect(times.every((share) => share >= 0)).toBe(true);
  expect(times.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
});

test("a closed pipe is not a failure", async () => {
  const { process: child, result } = launch(["inspect", "specs/ship.json", "--stage", "train"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const { code, stderr } = await result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("compiled models can be inspected; compile writes all files or none", async () => {
  const out = join(temporaryFolder(), "compiled");
  expect((await rnnx("compile", "specs/hello.json", "--out", out)).code).toBe(0);
  expect(readdirSync(out).sort()).toEqual(["eval.onnx", "manifest.json", "model.onnx", "stream.onnx", "train.onnx"]);
  const { stdout } = await rnnx("inspect", join(out, "train.onnx"), "--json");
  expect(records(stdout)[0]).toMatchObject({ event: "result", opsets: { "ai.onnx": 18 } });

  const bad = join(temporaryFolder(), "bad.json");
  writeFileSync(bad, "{");
  const absent = join(temporaryFolder(), "compiled");
  expect((await rnnx("compile", bad, "--out", absent)).code).toBe(2);
  expect(existsSync(absent)).toBe(false);
});

test("a file that is not a model is invalid input", async () => {
  const file = join(temporaryFolder(), "text.onnx");
  writeFileSync(file, "not a model");
  const { code, stderr } = await rnnx("inspect", file);
  expect(code).toBe(2);
  expect(stderr).toContain("not an ONNX model");
});
