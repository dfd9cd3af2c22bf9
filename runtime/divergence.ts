/** A training whose numbers are no longer finite: at which step, what of it first, where in the spec, and what to do. */
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec } from "../schema/normal.js";
import type { BatchesOf } from "./batches.js";
import { diagnose, type Finding } from "./diagnose.js";
import type { RunProblem } from "./problem.js";
import type { Advance, Trainer, Unsound } from "./trainer.js";

/** Updates of which some number is not finite; the trainer is as it was before them. */
export interface Diverged {
  readonly trainer: Trainer;
  /** The update before the first of them. */
  readonly step: number;
  readonly made: Advance & { readonly unsound: Unsound };
  readonly rateScale: number;
  /** What `count` updates from `first` on read. */
  readonly batch: BatchesOf;
  /** Norms of the gradients before, the latest last. */
  readonly norms: readonly number[];
}

export interface Divergence {
  readonly message: string;
  readonly hint: string;
  readonly source?: RunProblem;
}

export async function divergence(
  spec: NormalSpec,
  signature: Signature,
  { trainer, step, made, rateScale, batch, norms }: Diverged,
): Promise<Divergence> {
  const { losses, unsound } = made;
  const updates = "update" in unsound ? unsound.update : losses.length - 1;
  const before = await returnTo(trainer, step, updates, "parameter" in unsound, rateScale);
  const at = before + 1;
  const value = losses[at - step - 1] ?? Number.NaN;
  const finding = await diagnose(spec, signature, trainer, at, batch(at, 1));
  const what =
    "parameter" in unsound
      ? `The weights ${unsound.parameter} became infinite with the update of step ${at}`
      : Number.isFinite(value)
        ? `The gradient became infinite at step ${at}`
        : `The loss became ${value} at step ${at}`;
  const source = finding === undefined ? updated(spec, unsound) : problemOf(finding);
  const message = finding === undefined ? what : `${what}; the first number that is not finite is in ${finding.what}`;
  const seen = [...norms, ...made.norms.subarray(0, at - step - 1)];
  // Where a formula is to blame, smaller steps would only put it off.
  const hint =
    finding === undefined || finding.cause === "" ? inHalf(spec, finding) + advice(spec, seen) : finding.cause;
  return { message, hint, ...(source && { source }) };
}

/** Makes the good updates again, and says how many updates the trainer has then made. */
async function returnTo(
  trainer: Trainer,
  step: number,
  updates: number,
  oneByOne: boolean,
  rateScale: number,
): Promise<number> {
  if (!oneByOne) {
    if (updates > 0) await trainer.advance(step + 1, updates, rateScale);
    return step + updates;
  }
  for (let made = step; made < step + updates; made++) {
    const { unsound } = await trainer.advance(made + 1, 1, rateScale);
    if (unsound !== null) return made;
  }
  return step + updates;
}

function problemOf({ what, path, cause }: Finding): RunProblem {
  return { code: "not-finite", path, message: `The first number that is not finite is in ${what}.`, hint: cause };
}

/** Where all that the gradient is made of is finite, the update is what was too large. */
function updated(spec: NormalSpec, unsound: Unsound): RunProblem | undefined {
  if (!("parameter" in unsound)) return undefined;
  const layer = spec.model.findIndex(({ name }) => unsound.parameter.startsWith(`${name}/`));
  const message = `The update of ${unsound.parameter} is larger than float32 numbers can be.`;
  return { code: "not-finite", path: layer < 0 ? "/optimizer" : `/model/${layer}`, message, hint: "" };
}

/** The step was made again in float32: what is finite there was too large for 16 bits. */
function inHalf({ train }: NormalSpec, finding: Finding | undefined): string {
  if (train.precision === "float32" || finding !== undefined) return "";
  const fixed = typeof train.precision.loss_scale === "number" ? 'a smaller "loss_scale" in precision, or ' : "";
  return `In float32 all numbers of this step are finite: ${fixed}"precision": "float32" in train has room for them. `;
}

/** How many times larger gradients that explode have become. */
const explosion = 100;

function advice({ optimizer }: NormalSpec, norms: readonly number[]): string {
  const last = norms.at(-1) ?? 0;
  const usual = [...norms].sort((a, b) => a - b)[Math.floor(norms.length / 2)] ?? 0;
  const rise =
    norms.length > 2 && last > explosion * usual
      ? `The norm of the gradient, ${usual.toPrecision(2)} in most of the ${norms.length} steps before, was ${last.toPrecision(2)} in the last. `
      : "";
  const clip = optimizer.clip === null ? '"clip": { "global_norm": 1 } in optimizer, or ' : "";
  return `${rise}Usually ${clip}a learning_rate smaller than ${optimizer.learning_rate} prevents this.`;
}
