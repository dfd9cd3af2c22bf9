/** Explains a divergence: the step, the first value that is not finite, its equation in the spec, and a remedy. */

import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { BatchLoader } from "../data/batching/batches.js";
import { formatInteger } from "../format.js";
import type { RunProblem } from "../problem.js";
import { locateNonFinite, type NonFiniteOrigin } from "./locate-non-finite.js";
import type { StepsResult, Trainer } from "./trainer.js";
import type { NonFinite } from "./training-state.js";

/** Updates with a value that is not finite. The trainer has the state before them. */
export interface DivergedUpdate {
  readonly trainer: Trainer;
  /** The step before the first of them. */
  readonly step: number;
  readonly result: StepsResult & { readonly nonFinite: NonFinite };
  readonly learningRateScale: number;
  readonly batches: BatchLoader;
  /** Gradient norms of earlier updates, latest last. */
  readonly gradientNorms: readonly number[];
  /** False where the layers of the spec are not those of the model. */
  readonly isLocated: boolean;
}

export interface Divergence {
  readonly message: string;
  readonly hint: string;
  readonly source?: RunProblem;
}

export async function explainDivergence(
  spec: NormalSpec,
  signature: Signature,
  { trainer, step, result, learningRateScale, batches, gradientNorms, isLocated }: DivergedUpdate,
): Promise<Divergence> {
  const { losses, nonFinite } = result;
  const updates = "update" in nonFinite ? nonFinite.update : losses.length - 1;
  const replayedStep = await replayTo(trainer, step, updates, "parameter" in nonFinite, learningRateScale);
  const failedStep = replayedStep + 1;
  const loss = losses[failedStep - step - 1] ?? Number.NaN;
  const origin = isLocated
    ? await locateNonFinite(spec, signature, trainer, failedStep, batches(failedStep, 1))
    : undefined;
  const summary =
    "parameter" in nonFinite
      ? `The weights ${nonFinite.parameter} became infinite with the update of step ${formatInteger(failedStep)}`
      : Number.isFinite(loss)
        ? `The gradient became infinite at step ${formatInteger(failedStep)}`
        : `The loss became ${loss} at step ${formatInteger(failedStep)}`;
  const source = origin === undefined ? updateProblem(spec, nonFinite) : originProblem(origin);
  const message =
    origin === undefined ? summary : `${summary}; the first value that is not finite is in ${origin.description}`;
  const normHistory = [...gradientNorms, ...result.gradientNorms.subarray(0, failedStep - step - 1)];
  // With a formula as the cause, a smaller learning rate would only delay it.
  const hint =
    origin === undefined || origin.cause === ""
      ? float16Advice(spec, origin) +
        (failedStep === 1 && !("parameter" in nonFinite) ? firstStepAdvice(spec) : clippingAdvice(spec, normHistory))
      : origin.cause;
  return { message, hint, ...(source && { source }) };
}

/** Repeats the finite updates, and returns the step that the trainer has reached. */
async function replayTo(
  trainer: Trainer,
  step: number,
  updates: number,
  isOneByOne: boolean,
  learningRateScale: number,
): Promise<number> {
  if (!isOneByOne) {
    if (updates > 0) await trainer.runSteps(step + 1, updates, learningRateScale);
    return step + updates;
  }
  for (let done = step; done < step + updates; done++) {
    const { nonFinite } = await trainer.runSteps(done + 1, 1, learningRateScale);
    if (nonFinite !== null) return done;
  }
  return step + updates;
}

function originProblem({ description, path, cause }: NonFiniteOrigin): RunProblem {
  return {
    code: "not-finite",
    path,
    message: `The first value that is not finite is in ${description}.`,
    hint: cause,
  };
}

/** The problem of an update that is not finite though all values of its gradient are. */
function updateProblem(spec: NormalSpec, nonFinite: NonFinite): RunProblem | undefined {
  if (!("parameter" in nonFinite)) return undefined;
  const layer = spec.model.findIndex(({ name }) => nonFinite.parameter.startsWith(`${name}/`));
  const message = `The update of ${nonFinite.parameter} is too large for float32.`;
  return { code: "not-finite", path: layer < 0 ? "/optimizer" : `/model/${layer}`, message, hint: "" };
}

/** Advice where the step is finite in float32: its values were too large for float16. */
function float16Advice({ train }: NormalSpec, origin: NonFiniteOrigin | undefined): string {
  if (train.precision === "float32" || origin !== undefined) return "";
  const lossScaleHint =
    typeof train.precision.loss_scale === "number" ? 'a smaller "loss_scale" in precision, or ' : "";
  return `In float32 all values of this step are finite: use ${lossScaleHint}"precision": "float32" in train. `;
}

/** Advice before the first update, which no learning rate and no clipping has changed. */
function firstStepAdvice({ data }: NormalSpec): string {
  const scale = data.type === "table" ? ', which "scale" in data would make small' : "";
  return `No update has been made yet: the cause is in the data (large numbers${scale}), the initial weights or the equations.`;
}

/** Ratio to the median norm from which the gradient counts as exploding. */
const EXPLOSION_RATIO = 100;

function clippingAdvice({ optimizer }: NormalSpec, gradientNorms: readonly number[]): string {
  const last = gradientNorms.at(-1) ?? 0;
  const median = [...gradientNorms].sort((a, b) => a - b)[Math.floor(gradientNorms.length / 2)] ?? 0;
  const increase =
    gradientNorms.length > 2 && last > EXPLOSION_RATIO * median
      ? `The gradient norm rose from a median of ${median.toPrecision(2)} in the last ${gradientNorms.length} steps to ${last.toPrecision(2)}. `
      : "";
  const clip = optimizer.clip === null ? '"clip": { "global_norm": 1 } in optimizer, or ' : "";
  return `${increase}Usually ${clip}a learning_rate smaller than ${optimizer.learning_rate} prevents this.`;
}
