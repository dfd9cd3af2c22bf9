/** Runs in MLflow: requests to a server by its documented interface, and the folder that `mlflow ui` opens. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { TrainEvent } from "../../../runtime/events.js";
import { openMlflowStore } from "../../../views/mlflow/open-store.js";
import { parametersOf, recordRun } from "../../../views/mlflow/recorder.js";
import { MlflowError } from "../../../views/mlflow/store.js";
import { startMlflowServer } from "../../support/mlflow-server.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const description = { name: "first", tags: { "rnnx.version": "1" } };
const start = { event: "start", step: 0, steps: 2 } as TrainEvent;
const step = (number: number, loss = 1 / number): TrainEvent => ({
  ...{ event: "step", step: number, loss, gradient_norm: 2, learning_rate: 0.1 },
});
const evaluation = (number: number): TrainEvent => ({
  ...{ event: "evaluation", epoch: 1, step: number },
  metrics: { train: { loss: 0.5 }, validation: { loss: 0.7, accuracy: 0.25 }, test: {} },
});

/** A run directory with two of the files of a run. */
function runFolder(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "model.onnx"), "model");
  writeFileSync(join(folder, "spec.json"), "{}");
  writeFileSync(join(folder, "other.txt"), "no file of a run");
  return folder;
}

async function record(target: string, parameters: Readonly<Record<string, string>>, events: readonly TrainEvent[]) {
  const notices: string[] = [];
  const recorder = recordRun(await openMlflowStore(target, "words"), description, parameters, (notice) =>
    notices.push(notice),
  );
  for (const event of events) recorder.show(event);
  return { notices, recorder };
}

test("a server: an experiment, a run, parameters, metrics by step, files and its end", async () => {
  const server = await startMlflowServer();
  const parameters = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`p.${index}`, `${index}`]));
  const steps = Array.from({ length: 900 }, (_, index) => step(index + 1, index === 5 ? Number.NaN : 1));
  const { notices, recorder } = await record(server.url, parameters, [start, ...steps, evaluation(900)]);
  await recorder.close("FINISHED", runFolder());
  const run = server.runs.get("run1");
  expect(run).toMatchObject({ name: "first", status: "FINISHED", tags: { "rnnx.version": "1" }, params: parameters });
  expect(run?.files).toEqual({ "spec.json": 2, "model.onnx": 5 });
  const lossAt = (wanted: number) =>
    run?.metrics.filter((metric) => metric.key === "step/loss" && metric.step === wanted);
  expect(run?.metrics).toHaveLength(3 * 900 + 3);
  expect(lossAt(1)).toEqual([{ key: "step/loss", value: 1, step: 1 }]);
  expect(lossAt(6)).toEqual([{ key: "step/loss", value: "NaN", step: 6 }]);
  expect(run?.metrics).toContainEqual({ key: "validation/accuracy", value: 0.25, step: 900 });
  expect(notices).toEqual([`MLflow run: ${server.url}/#/experiments/1/runs/run1`]);
  // The experiment exists now.
  await (await record(server.url, {}, [start])).recorder.close("KILLED", null);
  expect(server.experiments.size).toBe(1);
  expect(server.runs.get("run2")).toMatchObject({ status: "KILLED", files: {} });
});

test("no run without a training", async () => {
  const server = await startMlflowServer();
  await (await record(server.url, {}, [])).recorder.close("FAILED", null);
  expect(server.runs.size).toBe(0);
});

test("metrics of a request that fails are sent again; those of the last one are counted", async () => {
  const server = await startMlflowServer({ failing: (request) => request === 2 });
  const { notices, recorder } = await record(server.url, { a: "1" }, [start, evaluation(1), evaluation(2)]);
  await recorder.close("FINISHED", null);
  expect(server.runs.get("run1")?.metrics.map(({ step: number }) => number)).toEqual([1, 1, 1, 2, 2, 2]);
  expect(notices).toContainEqual(
    expect.stringMatching(/^MLflow refuses the request: .*\(TEMPORARILY_UNAVAILABLE\)\. Training continues/),
  );

  const broken = await startMlflowServer({ failing: (request) => request > 1 });
  const second = await record(broken.url, { a: "1" }, [start, evaluation(1)]);
  await second.recorder.close("FINISHED", null);
  expect(second.notices.at(-1)).toBe("3 values of metrics were not recorded in MLflow.");
});

test("a server that is none, needs credentials or keeps files elsewhere", async () => {
  await expect(openMlflowStore("http://127.0.0.1:9", "words")).rejects.toThrow(
    /The MLflow server http:\/\/127\.0\.0\.1:9 does not answer/,
  );
  await expect(openMlflowStore("s3://bucket", "words")).rejects.toThrow('"s3://bucket" is no MLflow server or folder.');
  const server = await startMlflowServer({ token: "secret" });
  await expect(openMlflowStore(server.url, "words")).rejects.toMatchObject({
    hint: expect.stringMatching(/MLFLOW_TRACKING_TOKEN/),
  });
  process.env.MLFLOW_TRACKING_TOKEN = "secret";
  try {
    await openMlflowStore(server.url, "words");
  } finally {
    delete process.env.MLFLOW_TRACKING_TOKEN;
  }
  await expect(openMlflowStore(`${server.url}/other`, "words")).rejects.toThrow();
  const remote = await startMlflowServer({ artifactUri: "s3://bucket/1" });
  const { notices, recorder } = await record(remote.url, {}, [start]);
  await recorder.close("FINISHED", runFolder());
  expect(notices.at(-1)).toMatch(/^MLflow keeps files at s3:\/\/bucket\/1, which rnnx does not write to\./);
  expect(remote.runs.get("run1")?.status).toBe("FINISHED");
});

test("a file in place of a folder is refused", async () => {
  const file = join(temporaryFolder(), "model.csv");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "a,b\n");
  await expect(openMlflowStore(file, "words")).rejects.toThrow(MlflowError);
});

test("a folder: the files of MLflow's file store", async () => {
  const root = join(temporaryFolder(), "mlruns");
  const { notices, recorder } = await record(root, { "model.0.layer": "rnn" }, [
    start,
    step(1, Number.NaN),
    step(2),
    evaluation(2),
  ]);
  await recorder.close("FINISHED", runFolder());
  const [experiment = ""] = readdirSync(root);
  expect(experiment).toMatch(/^\d{18}$/);
  expect(readFileSync(join(root, experiment, "meta.yaml"), "utf8")).toMatch(/^name: "words"$/m);
  const [runId = ""] = readdirSync(join(root, experiment)).filter((name) => name !== "meta.yaml");
  const run = join(root, experiment, runId);
  expect(notices).toEqual([`MLflow run: ${run}`]);
  const read = (...path: readonly string[]) => readFileSync(join(run, ...path), "utf8");
  expect(read("meta.yaml")).toMatch(/^status: 3$/m);
  expect(read("meta.yaml")).toMatch(/^end_time: \d+$/m);
  expect(read("params", "model.0.layer")).toBe("rnn");
  expect(read("tags", "mlflow.runName")).toBe("first");
  expect(read("metrics", "step", "loss")).toMatch(/^\d+ nan 1\n\d+ 0\.5 2\n$/);
  expect(read("metrics", "validation", "accuracy")).toMatch(/^\d+ 0\.25 2\n$/);
  expect(readdirSync(join(run, "artifacts"))).toEqual(["model.onnx", "spec.json"]);
  // A second run is of the same experiment; one of MLflow's own writing is found too.
  await (await record(root, {}, [start])).recorder.close("FINISHED", null);
  expect(readdirSync(root)).toEqual([experiment]);
  const other = join(temporaryFolder(), "mlruns");
  mkdirSync(join(other, "42"), { recursive: true });
  writeFileSync(join(other, "42", "meta.yaml"), "experiment_id: '42'\nlifecycle_stage: active\nname: words\n");
  await (await record(other, {}, [start])).recorder.close("FINISHED", null);
  expect(readdirSync(other)).toEqual(["42"]);
});

test("MLflow itself reads the folder", async (context) => {
  const python = process.env.RNNX_MLFLOW_PYTHON ?? "python3";
  if (spawnSync(python, ["-c", "import mlflow"]).status !== 0) context.skip(`${python} has no package mlflow`);
  const root = join(temporaryFolder(), "mlruns");
  const { recorder } = await record(root, { "model.0.layer": "rnn" }, [start, step(1), step(2), evaluation(2)]);
  await recorder.close("FINISHED", runFolder());
  const program = `
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient("file://" + sys.argv[1])
run = client.search_runs([client.get_experiment_by_name("words").experiment_id])[0]
history = [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "step/loss")]
print(json.dumps([run.info.status, run.info.run_name, run.data.params, history, [f.path for f in client.list_artifacts(run.info.run_id)]]))
`;
  const { stdout, stderr } = spawnSync(python, ["-c", program, root], { encoding: "utf8" });
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? stderr)).toEqual([
    ...["FINISHED", "first", { "model.0.layer": "rnn" }],
    [
      [1, 1],
      [2, 0.5],
    ],
    ["model.onnx", "spec.json"],
  ]);
});

test("the values of a spec by their paths", () => {
  const spec = {
    $schema: "s",
    name: "n",
    model: [{ layer: "rnn", sizes: [1, 2] }, { layer: "x" }],
    train: {},
    a: { "b c!": null },
  };
  expect(parametersOf(spec)).toEqual({
    ...{
      name: "n",
      "model.0.layer": "rnn",
      "model.0.sizes": "[1,2]",
      "model.1.layer": "x",
      train: "{}",
      "a.b c_": "null",
    },
  });
  expect(parametersOf({ text: "a".repeat(900) }).text).toHaveLength(500);
});
