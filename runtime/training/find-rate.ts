/**
 * The learning-rate range test (L. Smith, Cyclical Learning Rates for Training Neural Networks, 2017): a short training
 * whose learning rate grows exponentially. It writes nothing.
 */
import { isObject } from "../../schema/json-pointer.js";
import type { NormalOptimizer, NormalSpec } from "../../schema/normal/index.js";
import { type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { type RateCurve, type RateSuggestion, suggestRate } from "./rate-suggestion.js";
import type { TrainRequest } from "./request.js";
import { createStepsPerCallTuner } from "./steps-per-call.js";

/** The range and the length of the test. */
export interface RateRange {
  readonly minimum: number;
  readonly maximum: number;
  /** Updates, at least 2. */
  readonly steps: number;
}

export interface RateTestRequest
  extends Pick<TrainRequest, "spec" | "folder" | "device" | "init" | "threads" | "memoryLimit" | "force"> {
  readonly range: RateRange;
}

export interface RateTest extends RateCurve, RateSuggestion {
  /** True where the test ended early, because the loss rose too far or was not finite. */
  readonly diverged: boolean;
  readonly notices: readonly string[];
}

/** Decay of the mean loss that ends the test. */
const MEAN_DECAY = 0.9;
/** The ratio of the mean loss to its smallest value at which the test ends. */
const DIVERGENCE_RATIO = 4;
/** The largest number of updates of one call: after a divergence the rest of a call is computed in vain. */
const MAX_CALL_STEPS = 64;

/** @returns the losses by learning rate, and a suggested rate; or the reason why the spec cannot be trained. */
export async function findRate({ range, ...request }: RateTestRequest): Promise<Result<RateTest, RunFailure>> {
  const spec = rangeTestSpec(request.spec, range);
  const { prepare } = await import("./prepare.js");
  const prepared = await prepare({ ...request, spec, out: "", resume: false, disabledPasses: [] });
  if (!prepared.ok) return prepared;
  const { batchSchedule, batches, notices, createTrainer, initialSnapshot } = prepared.value;
  const trainer = createTrainer(initialSnapshot());
  const firstBatch = [...batches(1, 1)].reduce((bytes, [, { data }]) => bytes + data.byteLength, 0);
  const tuner = createStepsPerCallTuner(spec.train.steps_per_call, firstBatch);
  const [rates, losses]: [number[], number[]] = [[], []];
  const isDiverging = divergenceTest();
  let diverged = false;
  while (!diverged && losses.length < range.steps) {
    const step = losses.length;
    const steps = Math.min(
      tuner.stepsPerCall(),
      MAX_CALL_STEPS,
      range.steps - step,
      batchSchedule.sameShapeRun(step + 1),
    );
    if (batchSchedule.resetsStatesAt(step + 1)) trainer.resetStates();
    const startedAt = performance.now();
    const result = await trainer.runSteps(step + 1, steps, 1);
    tuner.record(steps, performance.now() - startedAt);
    const { nonFinite } = result;
    diverged = nonFinite !== null;
    const finite = nonFinite !== null && "update" in nonFinite ? nonFinite.update : steps;
    for (let index = 0; index < finite; index++) {
      const loss = result.losses[index] ?? Number.NaN;
      if (!Number.isFinite(loss) || isDiverging(loss)) {
        diverged = true;
        break;
      }
      rates.push(result.learningRates[index] ?? Number.NaN);
      losses.push(loss);
    }
  }
  if (losses.length < 2)
    return runFailed(
      `The loss diverged at the smallest learning rate, ${range.minimum}.`,
      "Start from a smaller rate with --min, or clip the gradient.",
    );
  return ok({ rates, losses, ...suggestRate({ rates, losses }, range.steps), diverged, notices });
}

/** True at the first loss at which the mean of the losses so far is far above its smallest value. */
function divergenceTest(): (loss: number) => boolean {
  let [mean, weight, smallest] = [0, 0, Number.POSITIVE_INFINITY];
  return (loss) => {
    mean = MEAN_DECAY * mean + (1 - MEAN_DECAY) * loss;
    weight = MEAN_DECAY * weight + (1 - MEAN_DECAY);
    const current = mean / weight;
    smallest = Math.min(smallest, current);
    return current > DIVERGENCE_RATIO * smallest && smallest > 0;
  };
}

/** The spec with a learning rate that grows exponentially over its steps, without evaluations and averages. */
function rangeTestSpec(spec: NormalSpec, { minimum, maximum, steps }: RateRange): NormalSpec {
  const schedule = {
    type: "exponential_decay",
    decay_steps: steps - 1,
    decay_rate: maximum / minimum,
    staircase: false,
    warmup_steps: 0,
  } as const;
  const optimizer = { ...withLearningRate(spec.optimizer, minimum), schedule, average: null };
  const train = {
    ...spec.train,
    steps,
    epochs: null,
    sample: null,
    early_stopping: null,
    keep_best: null,
  };
  return { ...spec, optimizer, train };
}

/** The rates of optimizers inside an optimizer, such as that of vectors, keep their ratios to its own rate. */
function withLearningRate(optimizer: NormalOptimizer, learningRate: number): NormalOptimizer {
  const ratio = optimizer.learning_rate === 0 ? 1 : learningRate / optimizer.learning_rate;
  const inner = Object.entries(optimizer).flatMap(([key, value]) => {
    if (!isObject(value) || typeof value.learning_rate !== "number") return [];
    return [[key, { ...value, learning_rate: value.learning_rate * ratio }] as const];
  });
  return { ...optimizer, ...Object.fromEntries(inner), learning_rate: learningRate };
}
