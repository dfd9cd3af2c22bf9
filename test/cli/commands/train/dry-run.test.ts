import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "../../../support/spawn.js";

test("a dry run prints the plan and the first batch, and writes nothing", async () => {
  const out = join(temporaryFolder(), "run");
  const { code, stdout } = await rnnx("train", "templates/translate.json", "--dry-run", "--out", out, "--json");
  expect(code).toBe(0);
  expect(existsSync(out)).toBe(false);
  const [result = {}] = records(stdout);
  expect(result).toMatchObject({
    event: "result",
    steps: 260,
    batch_size: 64,
    batches_per_epoch: 13,
    examples: { train: 799, validation: 0, test: 200 },
    parameters: { total: 40685 },
  });
  const { arrays, examples } = result.batch as { arrays: unknown[]; examples: Record<string, string>[] };
  expect(arrays[0]).toEqual({ name: "inputs", dtype: "int32", shape: [64, 5] });
  expect(examples).toHaveLength(3);
  for (const { decoder_inputs = "", targets = "" } of examples)
    expect(targets).toBe(`${decoder_inputs.replace("<start> ", "")} <end>`);
});

test("images print as ASCII art; line breaks in texts are indented", async () => {
  const image = (await rnnx("train", "templates/image-rows.json", "--dry-run")).stdout;
  expect(image).toMatch(/^inputs .*\n( {9}[ ·:+*#]*\n){27}targets {2}\d$/m);
  const text = await rnnx("train", "templates/next-character.json", "--dry-run", "--json");
  const [result = {}] = records(text.stdout);
  const [{ inputs = "" } = {}] = (result.batch as { examples: Record<string, string>[] }).examples;
  expect([...inputs]).toHaveLength(40);
});

test("errors equal those of training", async () => {
  const { code, stderr } = await rnnx("train", "specs/spam.json", "--dry-run", "--set", "data.file=absent.jsonl");
  expect(code).toBe(2);
  expect(stderr).toContain("absent.jsonl");
});

test("--tensorboard writes event files and --chart plots the loss", async () => {
  const folder = temporaryFolder();
  const events = join(folder, "events");
  const { code, stdout } = await rnnx(
    ...["train", "specs/hello.json", "--out", join(folder, "run"), "--tensorboard", events, "--chart"],
  );
  expect(code).toBe(0);
  expect(stdout).toContain("step 100");
  expect(stdout).toMatch(/^loss {2}── per step$/m);
  expect(readdirSync(join(events, "train"))).toHaveLength(1);
});

test("a port in use is invalid input", async () => {
  const { createServer } = await import("node:http");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const { code, stderr } = await rnnx(
    "train",
    "specs/hello.json",
    "--out",
    temporaryFolder(),
    "--dashboard",
    `${port}`,
  );
  server.close();
  expect(code).toBe(2);
  expect(stderr).toContain(`port ${port} is in use`);
});

test("--mlflow records the run, and a server that does not answer ends the command before training", async () => {
  const folder = temporaryFolder();
  const command = ["train", "specs/hello.json", "--steps", "2", "--out", join(folder, "run"), "--mlflow"];
  const [recorded, refused] = await Promise.all([
    rnnx(...command, join(folder, "mlruns")),
    rnnx("train", "specs/hello.json", "--out", join(folder, "other"), "--mlflow", "http://127.0.0.1:9"),
  ]);
  expect(recorded.code).toBe(0);
  const [, address = ""] = /MLflow run: (.*)/.exec(recorded.stderr) ?? [];
  expect(readdirSync(join(address, "artifacts"))).toEqual(expect.arrayContaining(["model.onnx", "spec.json"]));
  expect(readFileSync(join(address, "params", "train.steps"), "utf8")).toBe("2");
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("does not answer") });
  expect(existsSync(join(folder, "other"))).toBe(false);
});
