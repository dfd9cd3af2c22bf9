/** Notices about a valid spec: what it may not mean. */
import type { Artifact } from "../../compiler/artifact.js";
import { quote } from "../../schema/diagnostics/suggest.js";
import { adaptOf, factors } from "../../schema/kinds/adapters.js";
import { targetsAmongInputs } from "../../schema/kinds/later-steps.js";
import type { NormalLossDefinition, NormalSpec } from "../../schema/normal/index.js";
import { type DataSource, usesOf } from "../data/source.js";
import { formatCount } from "../format.js";

export function specNotices(spec: NormalSpec, source: DataSource): readonly string[] {
  return [...laterStepsNotice(spec), ...unreadTargetsNotices(spec), ...overlappingEvaluationNotice(spec, source)];
}

/** Weights that an adaptation freezes as they are drawn. @param read names of the tensors that are read from files. */
export function randomAdaptNotice(
  spec: NormalSpec,
  parameters: Artifact["manifest"]["parameters"],
  read: ReadonlySet<string>,
): readonly string[] {
  const isFactor = (name: string) => name.endsWith(factors.a) || name.endsWith(factors.b);
  const random = parameters
    .map(({ name }) => name)
    .filter((name) => !isFactor(name) && !read.has(name) && adaptOf(spec, name) !== undefined);
  const [first, ...others] = random;
  if (first === undefined) return [];
  const names = others.length === 0 ? first : `${first} and ${formatCount(others.length, "other weight")}`;
  return [`"adapt" freezes ${names} at initial values, not at trained ones: name trained weights with --init.`];
}

function laterStepsNotice(spec: NormalSpec): readonly string[] {
  const later = targetsAmongInputs(spec);
  if (later === undefined) return [];
  const { layer, setting } = later;
  return [
    `${layer.name} ${layer.layer === "onnx" ? "may read" : "reads"} later steps, which the targets come from, so the model can copy them: write ${setting} in it, unless that is meant.`,
  ];
}

function unreadTargetsNotices({ losses }: NormalSpec): readonly string[] {
  return losses.flatMap((loss) =>
    loss.type !== "custom" || readsTargets(loss.definition)
      ? []
      : [`The loss ${loss.name} does not depend on t: training ignores the targets ${quote(loss.target)}.`],
  );
}

function readsTargets({ equations, variants }: NormalLossDefinition): boolean {
  return /\bt\b/.test(JSON.stringify([equations, variants]));
}

/** Windows of the validation split from which an evaluation takes long. */
const MANY_WINDOWS = 20_000;

/** With an output for each step, overlapping windows have the same targets. */
function overlappingEvaluationNotice(spec: NormalSpec, { splits }: DataSource): readonly string[] {
  const { data } = spec;
  const count = splits.validation.length;
  if (!("evaluation_stride" in data) || data.evaluation_stride !== null || data.stride >= (data.window ?? 1)) return [];
  if (count < MANY_WINDOWS || !usesOf(spec).everyStep) return [];
  return [
    `Each evaluation reads ${formatCount(count, "overlapping window")} of the validation split: write "evaluation_stride": ${data.window} in data to read each target once.`,
  ];
}
