/** The training worker: runs the training graph over a training set. */
import { type BatchSchedule, createBatchSchedule } from "../../runtime/data/batching/batch-schedule.js";
import { createBatchLoader } from "../../runtime/data/batching/batches.js";
import { createStatefulSchedule, isStateful } from "../../runtime/data/batching/stateful-batches.js";
import { initializeTensors } from "../../runtime/tensors/initializers.js";
import { createTrainer } from "../../runtime/training/trainer.js";
import { pageFiles } from "../../runtime/web/page-manifest.js";
import { readTrainingSet } from "../examples/index.js";
import type { TrainingSet } from "../examples/training-set.js";
import { fetchBytes, openSession } from "../load-model.js";
import type { TrainerCommand, TrainerEvent } from "./worker-protocol.js";

/** Maximum batch size, for short steps. */
const maxBatchSize = 32;
/** Interval between reports, in milliseconds. */
const reportInterval = 60;

let stopped = false;

addEventListener("message", ({ data }: MessageEvent<TrainerCommand>) => {
  if (data.type === "stop") {
    stopped = true;
    return;
  }
  train(data).catch((error: unknown) => {
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  });
});

function post(event: TrainerEvent): void {
  postMessage(event);
}

async function train({
  page,
  parameters,
  input,
  steps,
  learningRateScale,
}: Extract<TrainerCommand, { type: "train" }>): Promise<void> {
  stopped = false;
  const read = readTrainingSet(input, page);
  if (!read.ok) {
    const [problem] = read.error;
    post({ type: "rejected", message: `${problem?.message ?? ""} ${problem?.hint ?? ""}`.trim() });
    return;
  }
  const trainingSet = read.value;
  const { manifest, seed } = page;
  const batchSchedule = createSchedule(page, trainingSet, steps);
  const session = await openSession(await fetchBytes(pageFiles.train));
  const initialState = { step: 0, parameters, slots: initializeTensors(manifest.slots, seed), states: new Map() };
  const ports = { parameter: manifest.parameters, slot: manifest.slots };
  const batches = createBatchLoader(trainingSet, batchSchedule);
  const trainer = createTrainer(session, manifest.train, ports, initialState, batchSchedule.batchSize, batches);
  let lastReport = performance.now();
  let step = 0;
  let losses: number[] = [];
  while (step < steps && !stopped) {
    if (batchSchedule.resetsStatesAt(step + 1)) trainer.resetStates();
    const { losses: stepLosses } = await trainer.runSteps(step + 1, 1, learningRateScale);
    step += 1;
    const loss = stepLosses[0] ?? Number.NaN;
    if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss} at step ${step}. Reduce the learning rate.`);
    losses.push(loss);
    if (performance.now() - lastReport < reportInterval && step < steps) continue;
    post({ type: "steps", step, losses });
    losses = [];
    lastReport = performance.now();
    // A task boundary, so that a stop command is received.
    await new Promise((resume) => setTimeout(resume));
  }
  if (losses.length > 0) post({ type: "steps", step, losses });
  post({ type: "done", step, parameters: await trainer.tensors("parameter") });
}

/** The batch schedule: consecutive windows per row for stateful models, else shuffled. */
function createSchedule(
  { training, manifest, seed }: Extract<TrainerCommand, { type: "train" }>["page"],
  trainingSet: TrainingSet,
  steps: number,
): BatchSchedule {
  const indices = Uint32Array.from({ length: trainingSet.examples }, (_, index) => index);
  const { batch_size } = training.train;
  const batchSize = typeof batch_size === "number" ? Math.min(batch_size, maxBatchSize) : maxBatchSize;
  const settings = { ...training.train, steps, epochs: null, shuffle: true, steps_per_call: 1 };
  if (!isStateful(manifest))
    return createBatchSchedule({ ...settings, batch_size: Math.min(batchSize, indices.length) }, seed, [indices]);
  // Each row needs two windows: a single one is repeated.
  const windows = indices.length > 1 ? indices : Uint32Array.of(0, 0);
  const statefulTrain = { ...settings, batch_size: Math.max(1, Math.min(batchSize, Math.floor(windows.length / 2))) };
  const result = createStatefulSchedule(statefulTrain, windows);
  if (!result.ok) throw new Error(result.error[0]?.message ?? "");
  return result.value;
}
