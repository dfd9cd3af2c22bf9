/** The benchmark: it times a step, finds only installed frameworks, and compares small numbers fairly. Speed is not asserted. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { compile } from "../compiler/compile.js";
import { readSpec } from "../schema/read.js";
import { temporaryFolder } from "./support/temporary-folder.js";

const run = (script: string, ...flags: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`bench/${script}`, ...flags], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
const hasGpu = spawnSync("nvidia-smi", { encoding: "utf8" }).status === 0;
// More time steps than loops have that are unrolled.
const sizes = ["layers=2", "hidden=4", "batch=2", "time=24", "vocabulary=5", "steps=2"].map((size) => `--${size}`);

test.each([
  [[]],
  [["--cell", "gru"]],
  [["--cell", "own_lstm"]],
  [["--samples", "3"]],
  [["--disable-pass", "hoist"]],
  [["--model", "tagger"]],
  [["--model", "translator"]],
])("a step with %j is timed, and its process described", (flags) => {
  const line = JSON.parse(run("train-step.mjs", ...sizes, "--calls", "1", "--threads", "1", ...flags));
  expect(line).toMatchObject({ layers: 2, hidden: 4, vocabulary: 5 });
  for (const key of ["median_ms", "compile_ms", "session_ms", "nodes", "peak_mib"])
    expect(line[key]).toBeGreaterThan(0);
  expect(line.nodes_per_loop_step.length).toBeGreaterThan(0);
});

test("a token of an exported recurrent model is timed, with its states", () => {
  const line = JSON.parse(run("infer.mjs", ...sizes, "--model", "stream", "--threads", "1"));
  expect(line).toMatchObject({ layers: 2, states: 4 });
  expect(line.median_ms).toBeGreaterThan(0);
});

test("sessions of all configurations are fed arrays that their models accept", async () => {
  const { configurations, feedsOf, signatureOf, specOf } = await import("../bench/workloads.mjs" as string);
  for (const configuration of configurations) {
    const small = { ...configuration, layers: 1, hidden: 8, batch: 2, time: 12, vocabulary: 9, steps: 2 };
    const read = await readSpec(JSON.stringify(specOf(small)), { file: "bench.json" });
    const compiled = read.ok ? await compile(read.spec, signatureOf(small)) : undefined;
    if (!compiled?.ok) throw new Error(`${configuration.name} does not compile`);
    const session = await InferenceSession.create(compiled.artifact.train, {
      logSeverityLevel: 4,
      intraOpNumThreads: 1,
    });
    const outputs = await session.run(feedsOf(compiled.artifact, small, Tensor));
    const losses = Array.from((outputs.loss?.data ?? [Number.NaN]) as Float32Array);
    expect(losses.every(Number.isFinite), configuration.name).toBe(true);
    await session.release();
  }
});

test("a step of a transformer is timed", () => {
  const line = JSON.parse(
    run("train-step.mjs", ...sizes, "--hidden", "8", "--calls", "1", "--threads", "1", "--model", "transformer"),
  );
  expect(line).toMatchObject({ model: "transformer", layers: 2, vocabulary: 5 });
  expect(line.median_ms).toBeGreaterThan(0);
});

test("frameworks that are not installed are left out, and each runs in its default environment", async () => {
  const { findFrameworks, frameworkSteps } = await import("../bench/frameworks.mjs" as string);
  expect(findFrameworks(["no-such-python"], "/no/such/folder")).toEqual([]);
  expect(readFileSync("bench/frameworks.mjs", "utf8")).not.toMatch(/^const env = .*OMP_/m);
  expect(frameworkSteps({ name: "tfjs" }, { layers: 3, hidden: 512, batch: 50, time: 50 }, 8)).toBe(0);
});

test("a step on CUDA is compiled without a GPU: it is one launch", () => {
  const flags = ["--steps", "1", "--device", "cuda", "--compile-only"];
  const line = JSON.parse(run("device-step.mjs", ...sizes, ...flags, "--precision", "float16"));
  expect(line).toMatchObject({ layers: 2, precision: "float16", is_captured: true });
  expect(line.kernels).toBeGreaterThan(100);
  expect(JSON.parse(run("device-step.mjs", ...sizes, ...flags, "--uncaptured")).is_captured).toBe(false);
});

test.skipIf(hasGpu)("the benchmark of a GPU states what is missing, after all that needs none", () => {
  const out = temporaryFolder();
  const flags = ["--only", "hihello", "--spec", "hihello", "--losses", "2", "--python", "no-such-python"];
  const { status, stdout } = spawnSync(process.execPath, ["bench/cuda.mjs", ...flags, "--out", out], {
    encoding: "utf8",
  });
  expect(status, stdout).toBe(2);
  expect(stdout).toContain("missing: Use a machine with an NVIDIA GPU");
  const [file = ""] = readdirSync(out);
  const { losses, measured, missing } = JSON.parse(readFileSync(join(out, file), "utf8"));
  expect(losses[0].cpu).toHaveLength(2);
  expect(measured[0]).toMatchObject({ configuration: "hihello", is_captured: true });
  expect(missing.length).toBeGreaterThan(0);
});

/** The rows of a printed table, without its head. */
const rowsOf = (table: string) =>
  table
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1)
    .map((line) => line.split("|").map((cell) => cell.trim()));

test("a token of every exported form is timed at each length", () => {
  const flags = ["--layers", "1", "--width", "8", "--heads", "2", "--lengths", "2,4", "--rounds", "1"];
  const rows = rowsOf(run("generate.mjs", ...flags));
  expect(rows.map(([, tokens]) => tokens)).toEqual(["2", "4"]);
  for (const [, , ...times] of rows)
    for (const time of times.slice(0, 5)) expect(Number.parseFloat(time)).not.toBeNaN();
});

test("chorales: the log-likelihood of each split, and the training pieces, copied and moved by semitones", () => {
  const piece = (first: number) => Array.from({ length: 6 }, (_, frame) => [first + (frame % 3), first + 12]);
  const file = join(temporaryFolder(), "chorales.json");
  // The lowest note has nothing below it.
  const train = [piece(0), piece(30), piece(40)];
  writeFileSync(file, JSON.stringify({ train, valid: [piece(33)], test: [piece(36)] }));
  const flags = ["--epochs", "1", "--width", "4", "--transpose", "1", "--copies", "2", "--batch", "2"];
  const rows = rowsOf(run("chorales.mjs", file, ...flags));
  expect(rows.map(([, split, pieces]) => [split, pieces])).toEqual([
    ["train", "11"],
    ["validation", "1"],
    ["test", "1"],
  ]);
  // 88 notes of probability 1/2 have 88 ln 2 = 61.0.
  for (const [, , , loss] of rows) expect(Math.abs(Number(loss) - 61)).toBeLessThan(20);
});

test.skipIf(!existsSync("/proc/self/task"))(
  "busy processes run until they are stopped, and end with the process that started them",
  async () => {
    const start = `import { startBusy } from ${JSON.stringify(pathToFileURL(resolve("bench/busy.mjs")).href)};`;
    const children = `const { readFileSync } = await import("node:fs");
    const children = readFileSync(\`/proc/\${process.pid}/task/\${process.pid}/children\`, "utf8");`;
    const program = (end: string) => `${start} const stop = startBusy(1); ${children} console.log(children); ${end}`;
    for (const end of ["stop()", "process.exit()", "process.kill(process.pid, 'SIGKILL')"]) {
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program(end)], {
        encoding: "utf8",
      });
      const pid = Number(stdout);
      expect(pid).toBeGreaterThan(0);
      await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
    }
  },
);

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
