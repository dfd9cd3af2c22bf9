/** `rnnx sweep` from the command line: table, chart, resumption and errors. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { launch, records, rnnx, temporaryFolder } from "../../support/spawn.js";

// Each of these is several processes.
vi.setConfig({ testTimeout: 120_000 });

const folder = temporaryFolder();
const spec = join(folder, "spec.json");
writeFileSync(
  spec,
  JSON.stringify({
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.1 },
    train: { steps: 40, evaluate_every: 4 },
  }),
);
const out = join(folder, "sweep");
const args = [spec, "--grid", "optimizer.learning_rate=0.1,0.001", "--out", out, "--jobs", "2"];

test("all values are tried, ranked and plotted; the same command again trains nothing twice", async () => {
  const { code, stdout, stderr } = await rnnx("sweep", ...args);
  expect(stderr).toContain("2 trials, 2 in parallel");
  expect(code).toBe(0);
  const [header = "", first = "", second = ""] = stdout.trim().split("\n");
  expect(header.trim().split(/\s+/)).toEqual(["trial", "optimizer.learning_rate", "loss", "step"]);
  expect(first.trim()).toMatch(/^1\s+0\.1\s+[\d.]+\s+40$/);
  expect(second.trim()).toMatch(/^2\s+0\.001\s+[\d.]+\s+40$/);
  expect(readFileSync(join(out, "chart.svg"), "utf8")).toContain("<svg");
  expect(existsSync(join(out, "trials/001/model.onnx"))).toBe(true);

  // A trial equals a separate training run with the same settings.
  const singleJob = await rnnx(
    "train",
    spec,
    "--set",
    "optimizer.learning_rate=0.1",
    "--out",
    join(folder, "alone"),
    "--json",
  );
  const again = await rnnx("sweep", ...args, "--json");
  const result = records(again.stdout).at(-1) as { readonly best: { readonly value: number; readonly trial: number } };
  const done = records(singleJob.stdout).at(-1) as { readonly metrics: { readonly train: { readonly loss: number } } };
  expect(result.best).toMatchObject({ trial: 1, state: "done", value: done.metrics.train.loss });
  expect(records(again.stdout).filter(({ event, earlier }) => event === "trial" && earlier === true)).toHaveLength(2);
  expect(records(again.stdout).filter(({ state }) => state === "started")).toHaveLength(0);
});

test("Ctrl-C saves every trial, and the same command resumes to the same results", async () => {
  const target = join(folder, "interrupted");
  const steps = ["--set", "train.steps=2000", "--set", "train.evaluate_every=100", "--set", "train.steps_per_call=20"];
  const command = ["sweep", spec, ...steps, "--grid", "seed=1,2", "--out", target, "--json", "--jobs", "2"];
  const running = launch(command);
  await new Promise<void>((resolve) => {
    running.process.stdout.on("data", (text: string) => {
      if (text.includes('"evaluation"')) resolve();
    });
  });
  running.process.kill("SIGINT");
  const { code, stdout } = await running.result;
  expect(code).toBe(130);
  expect(trialsOf(stdout).map(({ state }) => state)).toContain("interrupted");
  // Another number of steps is another sweep.
  const rejected = await rnnx(...command.map((flag) => flag.replace("2000", "3000")));
  expect(rejected.code).toBe(2);
  expect(rejected.stderr).toContain("contains another sweep");

  const [result, singleJob] = await Promise.all([
    rnnx(...command),
    rnnx("train", spec, ...steps, "--seed", "2", "--out", join(folder, "uninterrupted"), "--json"),
  ]);
  expect(result.code).toBe(0);
  const second = trialsOf(result.stdout).find(({ trial }) => trial === 2);
  const done = records(singleJob.stdout).at(-1) as { readonly metrics: { readonly train: { readonly loss: number } } };
  expect(second).toMatchObject({ state: "done", step: 2000, value: done.metrics.train.loss });
});

test("the median pruner stops bad trials early", async () => {
  const target = join(folder, "pruned");
  const flags = ["--grid", "optimizer.learning_rate=0.1,0.05,0.03,0.00001", "--pruner", "median", "--jobs", "1"];
  const { code, stdout } = await rnnx("sweep", spec, ...flags, "--out", target, "--json");
  expect(code).toBe(0);
  const { trials } = records(stdout).at(-1) as {
    readonly trials: readonly { readonly trial: number; readonly state: string; readonly step: number }[];
  };
  expect(trials.map(({ state }) => state)).toEqual(["done", "done", "done", "pruned"]);
  // At its first evaluation, however far it came before it heard of that.
  expect(trials.at(-1)).toMatchObject({ trial: 4, step: 4 });
});

test("errors are reported before any trial is trained", async () => {
  const target = join(folder, "wrong");
  const typo = await rnnx("sweep", spec, "--grid", "optimizer.learning_rat=0.1,0.2", "--out", target);
  expect(typo.code).toBe(2);
  expect(typo.stderr).toContain('Did you mean "learning_rate"?');
  const value = await rnnx(
    "sweep",
    spec,
    "--sample",
    "model.1.hidden_size=0..4",
    "--num-samples",
    "20",
    "--out",
    target,
  );
  expect(value.code).toBe(2);
  expect(value.stderr).toContain("model.1.hidden_size=0");
  const none = await rnnx("sweep", spec);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("a sweep needs --grid or --sample");
  const range = await rnnx("sweep", spec, "--sample", "seed=4..1");
  expect(range.code).toBe(2);
  expect(range.stderr).toContain("lower bound of a range must be less");
  const metric = await rnnx("sweep", spec, "--grid", "seed=1,2", "--metric", "acuracy", "--out", target);
  expect(metric.code).toBe(2);
  expect(metric.stderr).toContain('no trial has a metric "acuracy"');
  expect(metric.stderr).toContain('Did you mean "accuracy"?');
  expect(existsSync(target)).toBe(false);
});

test("a metric of the spec's own is compared in its direction", async () => {
  const own = join(folder, "own.json");
  const metrics = { certainty: { equations: ["metric = gather(softmax(y), t)"], mode: "max" } };
  writeFileSync(own, JSON.stringify({ ...JSON.parse(readFileSync(spec, "utf8")), metrics }));
  const target = join(folder, "own");
  const axis = ["--grid", "optimizer.learning_rate=0.00001,0.1", "--metric", "certainty"];
  const { code, stdout } = await rnnx("sweep", own, ...axis, "--out", target, "--jobs", "1", "--json");
  expect(code).toBe(0);
  expect(records(stdout).at(-1)).toMatchObject({ best: { trial: 2 } });
  expect(JSON.parse(readFileSync(join(target, "sweep.json"), "utf8"))).toMatchObject({ mode: "max" });
});

interface Shown {
  readonly trial: number;
  readonly state: string;
  readonly step: number;
}

function trialsOf(stdout: string): readonly Shown[] {
  const { trials } = records(stdout).at(-1) as { readonly trials: readonly Shown[] };
  return trials;
}
