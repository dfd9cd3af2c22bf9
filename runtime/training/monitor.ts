/**
 * Monitors a run: evaluates it, and decides by its evaluations on early stopping, the best checkpoint and the learning
 * rate.
 */

import { joinWithAnd } from "../../schema/diagnostics/suggest.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalTrain } from "../../schema/normal/index.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import { monitoredSplits, unlessCancelled } from "../evaluation/evaluator.js";
import { nonFiniteMetricNotices } from "../evaluation/non-finite-metrics.js";
import { previewExamples, summarizePredictions } from "../evaluation/prediction-summary.js";
import type { Metrics, TrainEvent } from "../events.js";
import { formatCount, formatInteger } from "../format.js";
import type { TrainingProgress } from "../run/training-snapshot.js";
import { shouldStopEarly, unusableMetrics, updateProgress } from "./early-stopping.js";
import type { PreparedTraining } from "./prepare.js";
import { updatePlateau } from "./reduce-lr-on-plateau.js";
import type { TrainRequest } from "./request.js";
import type { Trainer } from "./trainer.js";

export interface Monitor {
  /**
   * The events of an evaluation; none where the run received a stop meanwhile.
   *
   * @param isPeriodic the evaluation is due by its interval, and not by the end of the run.
   */
  evaluate(step: number, isPeriodic: boolean): Promise<readonly TrainEvent[]>;
  progress(): TrainingProgress;
  isBest(step: number): boolean;
  /** Early stopping ends the run. */
  shouldStop(): boolean;
  learningRateScale(): number;
}

export function createMonitor(
  { spec, reportPredictions }: TrainRequest,
  { source, artifact, batchSchedule, evaluator }: PreparedTraining,
  trainer: Trainer,
  initial: TrainingProgress,
  isCancelled: () => boolean,
): Monitor {
  const microBatchSize = microBatchSizeOf(spec.train, batchSchedule.batchSize);
  const splits = monitoredSplits(source.splits, isStateful(artifact.manifest));
  let progress = initial;

  const predictionEvents = async (step: number): Promise<readonly TrainEvent[]> => {
    if (reportPredictions !== true) return [];
    const { split, examples } = previewExamples(source.splits);
    const context = { evaluator, parameters: await trainer.parameters(), spec, source };
    const events: TrainEvent[] = [];
    for (const output of outputsOf(spec)) {
      const summary = await summarizePredictions({ ...context, output }, examples);
      events.push({ event: "predictions", step, split, ...(output.prefix !== "" && { output: output.name }), summary });
    }
    return events;
  };
  const stated = new Set<string>();
  const located = new Set<string>();
  /** Once for each metric. */
  const unusableNotices = (validation: Metrics, step: number): readonly TrainEvent[] =>
    [...unusableMetrics(spec, validation)].flatMap(([metric, keys]) => {
      if (stated.has(metric)) return [];
      stated.add(metric);
      const message = `Validation ${metric} is ${validation[metric]} at step ${formatInteger(step)}: ${joinWithAnd(keys)} can use finite values only.`;
      return [{ event: "notice", message }];
    });
  return {
    async evaluate(step, isPeriodic) {
      const parameters = await trainer.parameters();
      const metrics = await unlessCancelled(evaluator.splitMetrics(parameters, splits, microBatchSize, isCancelled));
      if (metrics === undefined) return [];
      progress = updateProgress(spec.train, progress, { step, metrics }, isPeriodic);
      if (isPeriodic)
        progress = { ...progress, plateau: updatePlateau(spec.optimizer.schedule, progress.plateau, metrics) };
      const epoch = batchSchedule.epochOf(step);
      const evaluated: TrainEvent = { event: "evaluation", epoch, step, metrics };
      const model = { spec, source, parameters, batchSize: microBatchSize };
      const notices = (await nonFiniteMetricNotices(model, metrics, located)).map(
        (message): TrainEvent => ({ event: "notice", message }),
      );
      return [evaluated, ...notices, ...unusableNotices(metrics.validation, step), ...(await predictionEvents(step))];
    },
    progress: () => progress,
    isBest: (step) => progress.best?.step === step,
    shouldStop: () => shouldStopEarly(spec.train, progress),
    learningRateScale: () => progress.plateau?.scale ?? 1,
  };
}

export function earlyStoppingNotice({ early_stopping }: NormalTrain, step: number): TrainEvent {
  const { metric = "", patience = 0 } = early_stopping ?? {};
  const message = `Early stopping at step ${formatInteger(step)}: validation ${metric} has not improved for ${formatCount(patience, "evaluation")}.`;
  return { event: "notice", message };
}
