/** Prepares the training of a step that `rnnx grad` wrote: its data, sessions and initial weights. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Artifact, Port } from "../../../compiler/artifact.js";
import { targetKindOf } from "../../../schema/kinds/losses.js";
import { createBatchSchedule } from "../../data/batching/batch-schedule.js";
import { createBatchLoader } from "../../data/batching/batches.js";
import { classNamesOf } from "../../data/metadata.js";
import { createEvaluator } from "../../evaluation/evaluator.js";
import { availableMemory } from "../../memory/available.js";
import { invalidInput, runFailed } from "../../outcome.js";
import type { RunProblem } from "../../problem.js";
import { ok } from "../../result.js";
import { checkRunDirectory, runFiles } from "../../run/layout.js";
import { openRun } from "../../run/open.js";
import { readRunFile } from "../../run/validate-files.js";
import { openBackend } from "../../sessions/backend.js";
import { portsWithRole } from "../../sessions/ports.js";
import { estimateWorkPerSync } from "../../sessions/session.js";
import { openThreadTuner } from "../../sessions/threads/open-tuner.js";
import type { Tensors } from "../../tensors/safetensors.js";
import { checkResumable } from "../fingerprint.js";
import type { PreparedTraining, PrepareResult } from "../prepare.js";
import { fixedThreads, type TrainRequest } from "../request.js";
import { createInitialSnapshot } from "../resume.js";
import { createTrainer } from "../trainer.js";
import { openPortArrays } from "./port-arrays.js";
import { openPortSource } from "./port-source.js";
import { isDataBlock, openStepFolder, type StepFolder } from "./step-folder.js";

/** @param request with a step. */
export async function prepareStep(
  request: TrainRequest & { readonly step: NonNullable<TrainRequest["step"]> },
): Promise<PrepareResult> {
  const { spec, step } = request;
  const opened = openStepFolder(step.folder);
  if (!opened.ok) return invalidInput(opened.error);
  const { manifest, record } = opened.value;
  const ports = portsWithRole(manifest.train.inputs, "data").map((port) => ({ ...port, shape: port.shape.slice(1) }));
  const problems = [...checkRequest(request, opened.value), ...checkBatchAxis(ports)];
  if (problems.length > 0) return invalidInput(problems);
  const [loss] = spec.losses;
  const isOfClasses = loss !== undefined && targetKindOf(loss) === "classes" && hasInput(ports, "targets");
  const classes = isOfClasses ? classesOf(opened.value) : null;
  const data = await (isDataBlock(step.data)
    ? openPortSource({ spec, folder: request.folder, ports, classes, recordedClasses: recordedClasses(request) })
    : openPortArrays({
        ...{ file: step.data, columns: step.columns ?? new Map(), ports, classes },
        ...{ split: splitOf(spec.data), seed: spec.seed },
      }));
  if (!data.ok) return invalidInput(data.error);
  const { tableRows } = await import("../../../compiler/inspect/table-rows.js");
  const rows = tableRows(
    opened.value.eval,
    ports.flatMap(({ name, dtype }) => (dtype.startsWith("int") && name !== "targets" ? [name] : [])),
  );
  const beyond = [...rows].flatMap(([name, size]) => {
    const hint = `The model's table has ${size} rows, so the largest index is ${size - 1}.`;
    return data.value.findOutOfRange(name, size, hint) ?? [];
  });
  if (beyond.length > 0) return invalidInput(beyond);
  const digest = createHash("sha256").update(manifest.hash).update(data.value.digest).digest("hex");
  const source = { ...data.value, digest };
  const artifact: Artifact = {
    manifest,
    train: opened.value.train,
    eval: opened.value.eval,
    model: new Uint8Array(),
    stream: null,
    sampler: null,
    shard: null,
  };
  const batchSchedule = createBatchSchedule(spec.train, spec.seed, [source.splits.train]);
  const batches = createBatchLoader(source, batchSchedule);
  const workPerSync = estimateWorkPerSync(manifest.parameters, batchSchedule.batchSize);
  const threads = fixedThreads(request);
  const options = { artifact, models: null, workPerSync, threads, timeSteps: undefined };
  const backend = await openBackend(request.device, options, () => batches(1, 1));
  if (!backend.ok) return runFailed(backend.error.message, backend.error.hint);
  const { training, evaluation, device, notice } = backend.value;
  const { tuner, notices: tunerNotices } = openThreadTuner({
    ...{ runner: training, device, artifact, timeSteps: undefined, workPerSync },
    ...{ threads: request.threads, lastStep: batchSchedule.steps, availableMemory },
  });
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const initial = opened.value.initial;
  const tensorsOf = (tensors: readonly { readonly name: string }[]): Tensors =>
    new Map(tensors.flatMap(({ name }) => (initial.has(name) ? [[name, initial.get(name) as never]] : [])));
  const start = {
    step: 0,
    parameters: tensorsOf(manifest.parameters),
    slots: tensorsOf(manifest.slots),
    states: new Map(),
  };
  const model = await trainedModel(opened.value);
  return ok({
    spec,
    source,
    artifact,
    batchSchedule,
    batches,
    initialSnapshot: () => createInitialSnapshot(spec.seed, manifest, new Map(), start),
    createTrainer: (from) =>
      createTrainer(tuner ?? training, manifest.train, stored, from, batchSchedule.batchSize, batches, undefined),
    evaluator: await createEvaluator(evaluation, manifest, source),
    textSampler: null,
    device,
    threadTuner: tuner,
    notices: [
      notice,
      ...tunerNotices,
      ...(data.value.notices ?? []),
      ...(model === null
        ? ["The model stores its weights in other files: write the trained one with rnnx grad --apply."]
        : []),
    ].filter((text) => text !== ""),
    importedModel: { record: Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`), withWeights: model },
  } satisfies PreparedTraining);
}

/** The classes of the run that the training resumes: their ids are kept. */
function recordedClasses({ resume, out }: TrainRequest) {
  const run = resume ? openRun(out) : undefined;
  return run?.ok ? classNamesOf(run.value.metadata) : new Map();
}

function hasInput(ports: readonly Port[], name: string): boolean {
  return ports.some((port) => port.name === name);
}

function splitOf(data: TrainRequest["spec"]["data"]) {
  if (data.type !== "arrays") throw new Error(`The data of a training step are arrays, not ${data.type}.`);
  return data.split;
}

/** The classes of the trained output, by its last axis. */
function classesOf({ manifest }: StepFolder): number | null {
  const size = portsWithRole(manifest.eval.outputs, "prediction")[0]?.shape.at(-1);
  return typeof size === "number" ? size : null;
}

/** The model of the folder with other weights; null where the folder has no model. */
async function trainedModel({ model, manifest }: StepFolder): Promise<((parameters: Tensors) => Uint8Array) | null> {
  if (model === null) return null;
  const { replaceWeights } = await import("../../../compiler/onnx/splice/replace-weights.js");
  return (parameters) => {
    const names = manifest.parameters.map(({ name }) => name);
    const tensors = names.flatMap((name) => {
      const tensor = parameters.get(name);
      return tensor === undefined ? [] : [[name.replace(/^model\//, ""), tensor] as const];
    });
    const result = replaceWeights(model, new Map(tensors));
    if (!result.ok) throw new Error(result.message);
    return result.model;
  };
}

function checkRequest(
  { spec, step, out, resume, device }: TrainRequest & { step: NonNullable<TrainRequest["step"]> },
  folder: StepFolder,
): readonly RunProblem[] {
  const problem = (code: string, message: string, hint: string): readonly RunProblem[] => [
    { code, path: "", message, hint },
  ];
  if (resolve(out) === resolve(step.folder))
    return problem(
      "run-directory",
      `"${out}" is the folder of the training step.`,
      "Name another directory with --out.",
    );
  if (device === "webgpu")
    return problem(
      "device",
      "A step of another program's model does not train on webgpu.",
      "Use --device cpu or cuda.",
    );
  const unknown = unknownMetric(spec, folder);
  if (unknown !== undefined)
    return problem(
      "unknown-metric",
      `The step has no metric "${unknown}".`,
      `Its metrics are ${Object.keys(folder.manifest.metrics).join(", ")}.`,
    );
  if (!resume) return checkRunDirectory(out);
  const recorded = readRunFile<Artifact["manifest"]>(out, runFiles.manifest);
  if (recorded.ok && recorded.value.hash !== folder.manifest.hash)
    return problem(
      "resume-spec",
      `The run in "${out}" trains another step than that of "${step.folder}".`,
      "Train into another directory with --out, or replace the run with --overwrite instead of --resume.",
    );
  return checkResumable(spec, out);
}

/** The first monitored metric that the evaluation of the folder does not compute. */
function unknownMetric(
  { train: { early_stopping, keep_best } }: TrainRequest["spec"],
  { manifest }: StepFolder,
): string | undefined {
  return [early_stopping, keep_best]
    .flatMap((monitored) => monitored?.metric ?? [])
    .find((metric) => !Object.hasOwn(manifest.metrics, metric));
}

/** Every data port has the batch as its first axis, of any size. */
function checkBatchAxis(ports: readonly Port[]): readonly RunProblem[] {
  const [first] = ports;
  const batch = first?.shape[0];
  const other = ports.find(({ shape }) => shape[0] !== batch);
  const problem = (message: string, hint: string) => [{ code: "batch-axis", path: "", message, hint }];
  if (first === undefined) return problem("The training step reads no data.", "Export a model with an input.");
  if (other !== undefined)
    return problem(
      `The first axes of ${first.name} and ${other.name} differ, ${batch} and ${other.shape[0]}: examples are rows of both.`,
      "Export the model with the batch as the first axis of every input.",
    );
  return typeof batch === "string"
    ? []
    : problem(
        `The model has batches of ${batch} only.`,
        "Export it with a dynamic batch, or train with a program of your own.",
      );
}
