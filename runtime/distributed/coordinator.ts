/**
 * Rank 0: runs the training loop; its trainer and evaluator send commands to the other ranks. Only rank 0 emits and
 * writes.
 */
import { type Evaluator, splitMetrics } from "../evaluation/evaluator.js";
import type { TrainEvent } from "../events.js";
import type { TrainOutcome } from "../outcome.js";
import type { TrainingTensors } from "../run/training-snapshot.js";
import { type TrainingObserver, trainWithLock } from "../training/loop.js";
import type { TrainRequest } from "../training/request.js";
import { openTextSampler } from "../training/text-samples.js";
import type { Trainer } from "../training/trainer.js";
import { bytesOf, type Communicator } from "./communicator.js";
import type { Launch } from "./launcher.js";
import { broadcastCommand, runStepsOnAllRanks, type StepReport, type TensorHeader } from "./protocol.js";
import { type RankSetup, setUpRank } from "./rank-setup.js";
import { openThroughput } from "./throughput.js";

export async function coordinate(
  request: TrainRequest,
  communicator: Communicator,
  launch: Launch,
  observer: TrainingObserver,
): Promise<TrainOutcome> {
  const setupResult = await setUpRank(request, communicator, launch);
  if (!setupResult.ok) return setupResult;
  const setup = setupResult.value;
  const { samples, workPerSync: _, signature: __, models: ___, ...planned } = setup.planned;
  const { spec, artifact, batchSchedule } = planned;
  const throughput = openThroughput(communicator.size);
  let stopRequested = false;
  const onSteps = (first: number, steps: number, { stopRequested: stop, elapsed, communication }: StepReport) => {
    stopRequested ||= stop;
    let examples = 0;
    for (let step = first; step < first + steps; step++) examples += batchSchedule.batchSizeAt(step);
    throughput.record(examples, elapsed, communication);
  };
  const outcome = await trainWithLock(
    { ...request, spec },
    {
      ...planned,
      device: setup.device,
      createTrainer(start) {
        broadcastStart(communicator, start);
        return coordinatedTrainer(setup.openTrainer(start), communicator, observer.shouldStop, onSteps);
      },
      evaluator: coordinatedEvaluator(setup, communicator),
      textSampler: samples && (await openTextSampler(spec, artifact, samples)),
    },
    {
      emit: (events: readonly TrainEvent[]) =>
        observer.emit(events.flatMap((event) => throughput.withThroughput(event))),
      shouldStop: () => stopRequested || observer.shouldStop(),
    },
  );
  broadcastCommand(communicator, { type: "end" });
  return outcome;
}

/** Sends the initial tensors of rank 0 to all ranks. */
function broadcastStart(communicator: Communicator, { step, parameters, slots, states }: TrainingTensors): void {
  const tensors = { parameters, slots, states };
  const entries = (["parameters", "slots", "states"] as const).flatMap((group) =>
    [...tensors[group]].map(([name, { shape, data }]) => ({
      header: { group, name, shape } satisfies TensorHeader,
      data,
    })),
  );
  broadcastCommand(communicator, { type: "start", step, tensors: entries.map(({ header }) => header) });
  for (const { data } of entries) communicator.broadcast(bytesOf(data));
}

type StepListener = (first: number, steps: number, report: StepReport) => void;

function coordinatedTrainer(
  trainer: Trainer,
  communicator: Communicator,
  shouldStop: () => boolean,
  onSteps: StepListener,
): Trainer {
  return {
    async runSteps(first, steps, learningRateScale) {
      broadcastCommand(communicator, { type: "run-steps", first, steps, learningRateScale });
      const { result, report } = await runStepsOnAllRanks(communicator, shouldStop, () =>
        trainer.runSteps(first, steps, learningRateScale),
      );
      onSteps(first, steps, report);
      return result;
    },
    resetStates() {
      broadcastCommand(communicator, { type: "reset_states" });
      trainer.resetStates();
    },
    tensors(role) {
      broadcastCommand(communicator, { type: "gather", role });
      return trainer.tensors(role);
    },
    parameters() {
      broadcastCommand(communicator, { type: "gather", role: "parameter" });
      return trainer.parameters();
    },
  };
}

function coordinatedEvaluator(
  { planned, localEvaluator, sharedEvaluator }: RankSetup,
  communicator: Communicator,
): Evaluator {
  const evaluator: Evaluator = {
    async metrics(parameters, examples, batchSize) {
      broadcastCommand(communicator, { type: "evaluate", examples: examples.length, batchSize });
      communicator.broadcast(bytesOf(examples));
      for (const { name } of planned.artifact.manifest.parameters) {
        const data = parameters[name]?.data;
        if (!(data instanceof Float32Array)) throw new Error(`Evaluation lacks "${name}".`);
        communicator.broadcast(bytesOf(data));
      }
      return sharedEvaluator.metrics(parameters, examples, batchSize);
    },
    splitMetrics: (parameters, splits, batchSize) => splitMetrics(evaluator, parameters, splits, batchSize),
    outputs: localEvaluator.outputs,
    predictions: localEvaluator.predictions,
  };
  return evaluator;
}
