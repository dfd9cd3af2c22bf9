/**
 * The check of a spec's gradient: a few rows and time steps of its first batch, with its initial weights, through the
 * compiler's comparison with differences of the loss. It opens no session and writes nothing.
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { GivenArray, GradientCheck, Suspect, TensorCheck } from "../../compiler/inspect/check-gradient/index.js";
import { targetKindOf } from "../../schema/kinds/losses.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { dataFiles } from "../data/data-signature.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { randomStream } from "../tensors/random.js";
import { describeOrigin, equationPath, type NonFiniteOrigin } from "./locate-non-finite.js";
import { planTraining } from "./plan.js";
import type { CheckPlan } from "./random-plan.js";
import type { TrainRequest } from "./request.js";
import { type SmallBatch, smallBatch } from "./small-batch.js";

export interface GradientCheckRequest extends Pick<TrainRequest, "spec" | "folder" | "init"> {
  /** The most entries of each tensor. */
  readonly entries: number;
  /** Random inputs and targets in place of the data; without the files of the data they are random too. */
  readonly random?: boolean;
}

export interface GradientReport extends Pick<SmallBatch, "rows" | "steps"> {
  readonly isRight: boolean;
  /** True for random inputs and targets. */
  readonly isRandom: boolean;
  readonly loss: number;
  readonly tensors: readonly TensorCheck[];
  /** The entries of a tensor: fewer than requested for a large model. */
  readonly entries: number;
  readonly suspects: readonly LocatedSuspect[];
  /** The first value that is not finite; null where all are. */
  readonly nonFinite: NonFiniteOrigin | null;
  readonly notices: readonly string[];
}

export interface LocatedSuspect extends Suspect {
  /** Its equation or its layer in the normalized spec. */
  readonly path: string;
}

/** A shape that keeps the work of the reference evaluator small, with padding and several rows. */
const small = { rows: 3, steps: 6, otherSteps: 4 };
/** Of models with many parameters. */
const smallest = { rows: 2, steps: 3, otherSteps: 3 };
const MANY_PARAMETERS = 2e5;
/** Labels that are aligned with the outputs need more outputs than labels. */
const LABELS = 2;

/** @returns the report, or the reason why the spec cannot be trained. */
export async function checkGradient({
  entries,
  random = false,
  ...request
}: GradientCheckRequest): Promise<Result<GradientReport, RunFailure>> {
  const planned = await plan(request, random);
  if (!planned.ok) return planned;
  const { spec, signature, batch, initialSnapshot, isRandom, notices } = planned.value;
  const { checkGradient: check } = await import("../../compiler/inspect/check-gradient/index.js");
  const { parameters } = initialSnapshot();
  const hasLabels = spec.losses.some((loss) => targetKindOf(loss) === "labels");
  const parameterCount = [...parameters.values()].reduce((count, { data }) => count + data.length, 0);
  const checkAt = (some: SmallBatch) => {
    const arrays = new Map<string, GivenArray>([...parameters, ...some.batch]);
    const { uniform } = randomStream(spec.seed, "check-gradient");
    return check({ spec, signature: some.signature, arrays, entries, random: uniform });
  };
  const limits = parameterCount > MANY_PARAMETERS ? smallest : small;
  let used = smallBatch(batch, signature, { ...limits, ...(hasLabels && { otherSteps: LABELS }) });
  let result = checkAt(used);
  // Windows, positions and alignments may need more steps, and the first steps may be zeros.
  if (!result.ok || result.check.kind === "non-finite" || result.check.tensors.some(({ isZero }) => isZero)) {
    const longer = smallBatch(batch, signature, { ...limits, steps: undefined, otherSteps: undefined });
    const isLonger = [...longer.batch].some(
      ([name, { data }]) => data.length > (used.batch.get(name)?.data.length ?? 0),
    );
    if (isLonger) {
      used = longer;
      result = checkAt(used);
    }
  }
  if (!result.ok) return invalidInput(result.problems);
  const { rows, steps } = used;
  const overflow = overflowNotice(spec, result.check);
  return ok({ ...reportOf(spec, result.check), rows, steps, isRandom, notices: [...notices, ...overflow] });
}

async function plan(
  request: Pick<GradientCheckRequest, "spec" | "folder" | "init">,
  random: boolean,
): Promise<Result<CheckPlan, RunFailure>> {
  const missing = request.init === null ? missingFile(request.spec, request.folder) : undefined;
  const reason = random ? "--random" : missing && `${missing} is missing`;
  if (reason !== undefined) {
    const { planRandom } = await import("./random-plan.js");
    return planRandom(request.spec, request.folder, reason);
  }
  const planned = await planTraining({ ...request, device: "cpu", out: "", resume: false, disabledPasses: [] });
  return planned.ok ? ok({ ...planned.value, batch: planned.value.batches(1, 1), isRandom: false }) : planned;
}

/** The first file of the data that does not exist. A pattern of names is left to the data's own errors. */
function missingFile(spec: NormalSpec, folder: string): string | undefined {
  return dataFiles(spec).find((file) => {
    const path = file.replace(/#[^#/]*$/, "");
    return !/[*?[{]/.test(path) && !existsSync(resolve(folder, path));
  });
}

function reportOf(
  spec: NormalSpec,
  check: GradientCheck,
): Omit<GradientReport, "rows" | "steps" | "isRandom" | "notices"> {
  if (check.kind === "non-finite") {
    const { loss, value } = check;
    const nonFinite =
      value === null ? { description: "the gradient", path: "/loss", cause: "" } : describeOrigin(spec, value);
    return { isRight: false, loss, tensors: [], entries: 0, suspects: [], nonFinite };
  }
  const { loss, tensors, entries, suspects } = check;
  return {
    isRight: tensors.every(({ comparisons }) => comparisons.every(({ verdict }) => verdict !== "wrong")),
    loss,
    tensors,
    entries,
    suspects: suspects.map((suspect) => ({ ...suspect, path: equationPath(spec, suspect.layer, suspect.target) })),
    nonFinite: null,
  };
}

/** The notice of a value that training rounds to infinity. */
function overflowNotice(spec: NormalSpec, check: GradientCheck): readonly string[] {
  if (check.kind !== "compared" || check.overflow === null) return [];
  const { constant, place } = check.overflow;
  const { description, cause } = place === null ? { description: "", cause: "" } : describeOrigin(spec, place);
  const where = place === null ? "" : ` in ${description}`;
  const value = constant === null ? `A value${where}` : `The constant ${constant}${where}`;
  const remedy = constant === null ? cause || "Bound it, or change the initial weights." : "Use a smaller constant.";
  return [
    `${value} is infinite in training, which computes in float32, up to 3.4e38; this check computes in float64. ${remedy}`,
  ];
}
