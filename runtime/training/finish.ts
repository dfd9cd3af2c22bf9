/** What a run ends with: the weights of its best evaluation, or its last ones, their metrics, and what they predict. */
import { join } from "node:path";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import type { Splits } from "../data/splits.js";
import { type Evaluator, monitoredSplits } from "../evaluation/evaluator.js";
import type { DoneEvent, SplitMetrics, TrainEvent, TrainRequest } from "../events.js";
import { readCheckpoint } from "../run/checkpoint.js";
import { runFiles, writeFinalModel } from "../run/layout.js";
import { durableFs } from "../storage/durable-fs.js";
import { feedsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { Evaluation, TrainingProgress } from "./early-stopping.js";
import type { PreparedTraining } from "./prepare.js";

/** Where a run stands when it ends; its checkpoint is saved. */
export interface FinalState {
  readonly step: number;
  readonly loss: number | null;
  readonly progress: TrainingProgress;
  readonly parameters: Tensors;
  /** Steps without an update; undefined where there are none by nature. */
  readonly skipped: number | undefined;
  readonly interrupted: boolean;
}

export interface FinishedRun {
  readonly done: DoneEvent;
  readonly notices: readonly TrainEvent[];
}

/** Examples whose predictions a finished run shows. */
const MAX_PREDICTIONS = 5;

const NO_METRICS: SplitMetrics = { train: {}, validation: {}, test: {} };

/** Leaves the weights and the model in the run directory. An interrupted run is not evaluated any more: it should end at once. */
export async function finishRun(
  { out }: Pick<TrainRequest, "out">,
  { spec, source, artifact, batchSchedule }: PreparedTraining,
  evaluator: Evaluator,
  state: FinalState,
): Promise<FinishedRun> {
  const { step, loss, skipped, interrupted } = state;
  const { evaluation, parameters, best, notices } = chooseWeights(join(out, runFiles.checkpoints), state);
  const feeds = feedsOf(parameters);
  const evaluate = async (): Promise<SplitMetrics> => {
    const { splits } = source;
    const microBatchSize = microBatchSizeOf(spec.train, batchSchedule.batchSize);
    const metricsOf = (selected: Partial<Splits>) => evaluator.splitMetrics(feeds, selected, microBatchSize);
    const monitored = evaluation?.metrics ?? (await metricsOf(monitoredSplits(splits, isStateful(artifact.manifest))));
    return splits.validation.length === 0
      ? monitored
      : { ...monitored, test: (await metricsOf({ test: splits.test })).test };
  };
  const examples = source.splits.train.subarray(0, MAX_PREDICTIONS);
  const done: DoneEvent = {
    event: "done",
    run: out,
    step,
    loss: loss ?? Number.NaN,
    metrics: interrupted ? (evaluation ?? state.progress.latest ?? { metrics: NO_METRICS }).metrics : await evaluate(),
    ...(best !== undefined && { best }),
    ...(skipped !== undefined && { skipped }),
    predictions: interrupted ? [] : await evaluator.predictions(feeds, examples),
    interrupted,
  };
  await writeFinalModel(durableFs, out, artifact, parameters, {
    format: 1,
    finished: !interrupted,
    weights_step: evaluation?.step ?? step,
    done,
  });
  return { done, notices };
}

interface ChosenWeights {
  /** The evaluation of the weights; undefined where there was none. */
  readonly evaluation: Evaluation | undefined;
  readonly parameters: Tensors;
  readonly best?: DoneEvent["best"];
  readonly notices: readonly TrainEvent[];
}

function chooseWeights(folder: string, { step, progress, parameters }: FinalState): ChosenWeights {
  const { best, latest } = progress;
  const lastWeights = { evaluation: latest?.step === step ? latest : undefined, parameters };
  if (best === null) return { ...lastWeights, notices: [] };
  const bestRecord = { step: best.step, metric: best.metric, value: best.value };
  if (best.step === step) return { ...lastWeights, best: bestRecord, notices: [] };
  const bestCheckpoint = readCheckpoint(folder, best.step);
  if (bestCheckpoint.ok)
    return { evaluation: best, parameters: bestCheckpoint.value.parameters, best: bestRecord, notices: [] };
  const message = `The best checkpoint, of step ${best.step}, is damaged (${bestCheckpoint.error}): the run ends with its last weights.`;
  return { ...lastWeights, notices: [{ event: "notice", message }] };
}
