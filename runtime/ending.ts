/** What a run ends with: the weights of its best evaluation, or its last ones, their metrics, and what they predict. */
import { join } from "node:path";
import { portionSizeOf } from "../schema/batches.js";
import { readCheckpoint } from "./checkpoint.js";
import type { Splits } from "./data/splits.js";
import { runFiles, writeEnd } from "./directory.js";
import { disk } from "./disk.js";
import { type Evaluator, watchedParts } from "./evaluate.js";
import type { DoneEvent, SplitMetrics, TrainEvent, TrainRequest } from "./events.js";
import type { Prepared } from "./prepare.js";
import type { Tensors } from "./safetensors.js";
import { carriesStates } from "./streams.js";
import { feedsOf } from "./tensors.js";
import type { Evaluation, Memory } from "./watch.js";

/** Where a run stands when it ends; its checkpoint is saved. */
export interface Standing {
  readonly step: number;
  readonly loss: number | null;
  readonly memory: Memory;
  readonly parameters: Tensors;
  /** Steps without an update; undefined where there are none by nature. */
  readonly skipped: number | undefined;
  readonly interrupted: boolean;
}

export interface Ending {
  readonly done: DoneEvent;
  readonly notices: readonly TrainEvent[];
}

/** Examples whose predictions a finished run shows. */
const shownPredictions = 5;

const nothing: SplitMetrics = { train: {}, validation: {}, test: {} };

/** Leaves the weights and the model in the run directory. An interrupted run is not evaluated any more: it should end at once. */
export async function conclude(
  { out }: Pick<TrainRequest, "out">,
  { spec, source, artifact, plan }: Prepared,
  evaluator: Evaluator,
  standing: Standing,
): Promise<Ending> {
  const { step, loss, skipped, interrupted } = standing;
  const { chosen, parameters, best, notices } = chooseWeights(join(out, runFiles.checkpoints), standing);
  const feeds = feedsOf(parameters);
  const evaluate = async (): Promise<SplitMetrics> => {
    const { splits } = source;
    const atOnce = portionSizeOf(spec.train, plan.batchSize);
    const split = (parts: Partial<Splits>) => evaluator.splitMetrics(feeds, parts, atOnce);
    const watched = chosen?.metrics ?? (await split(watchedParts(splits, carriesStates(artifact.manifest))));
    return splits.validation.length === 0 ? watched : { ...watched, test: (await split({ test: splits.test })).test };
  };
  const shown = source.splits.train.subarray(0, shownPredictions);
  const done: DoneEvent = {
    event: "done",
    run: out,
    step,
    loss: loss ?? Number.NaN,
    metrics: interrupted ? (chosen ?? standing.memory.latest ?? { metrics: nothing }).metrics : await evaluate(),
    ...(best !== undefined && { best }),
    ...(skipped !== undefined && { skipped }),
    predictions: interrupted ? [] : await evaluator.predictions(feeds, shown),
    interrupted,
  };
  await writeEnd(disk, out, artifact, parameters, {
    format: 1,
    finished: !interrupted,
    weights: chosen?.step ?? step,
    done,
  });
  return { done, notices };
}

interface Choice {
  /** The evaluation of the weights; undefined where there was none. */
  readonly chosen: Evaluation | undefined;
  readonly parameters: Tensors;
  readonly best?: DoneEvent["best"];
  readonly notices: readonly TrainEvent[];
}

function chooseWeights(folder: string, { step, memory, parameters }: Standing): Choice {
  const { best, latest } = memory;
  const last = { chosen: latest?.step === step ? latest : undefined, parameters };
  if (best === null) return { ...last, notices: [] };
  const said = { step: best.step, metric: best.metric, value: best.value };
  if (best.step === step) return { ...last, best: said, notices: [] };
  const kept = readCheckpoint(folder, best.step);
  if (typeof kept !== "string") return { chosen: best, parameters: kept.parameters, best: said, notices: [] };
  const message = `The best checkpoint, of step ${best.step}, is damaged (${kept}): the run ends with its last weights.`;
  return { ...last, notices: [{ event: "notice", message }] };
}
