/** Facts of losses: their names, the kind of their targets, and the default metrics. */
import type {
  NormalCtc,
  NormalCustomLoss,
  NormalLoss,
  NormalLossDefinition,
  NormalMetric,
  NormalSpec,
} from "../normal/index.js";
import { dataFacts, lossFacts } from "./data.js";

/**
 * The targets that a loss compares outputs with. `classes`: a class id (or a row of probabilities) for each output;
 * `labels`: a sequence of class ids of its own length; `probabilities`: a number from 0 to 1 for each output;
 * `numbers`: real numbers; `counts`: integers from 0, which are not scaled.
 */
export type TargetKind = "classes" | "labels" | "probabilities" | "numbers" | "counts";

/** The values that a model with a loss outputs: scores or values of the targets, or numbers of another meaning. */
export type OutputKind = Exclude<TargetKind, "labels" | "counts"> | "features";

/**
 * The meaning of a number of an output: a quantile, a mean or a center in the units of the targets; the logarithm of a
 * scale or a variance in these units; d of the degrees of freedom 2 + softplus(d); the logarithm of the mean of a count,
 * or of its r; the logit of a component.
 */
export type ForecastParameter = "value" | "log_scale" | "log_variance" | "freedom" | "log_mean" | "log_shape" | "logit";

/** Quantiles by `levels`, or a distribution of each target. */
export type ForecastFamily = "quantiles" | "normal" | "student_t" | "poisson" | "negative_binomial" | "normal_mixture";

/** Outputs that are forecasts: blocks of equal size, one for each parameter, each with the numbers of all targets. */
export interface ForecastFacts {
  readonly family: ForecastFamily;
  readonly parameters: readonly ForecastParameter[];
}

interface LossFacts {
  readonly targets: TargetKind;
  /** By default those of the targets. */
  readonly outputs?: "features";
  /** Of quantiles and distributions, whose outputs are features. */
  readonly forecast?: ForecastFacts;
  readonly metrics: readonly NormalMetric["type"][];
}

type BuiltInLoss = Exclude<NormalLoss, NormalCustomLoss>;

const facts: { readonly [K in BuiltInLoss["type"]]: LossFacts } = lossFacts;

/** The targets of a definition by its word. */
const targetKinds: Readonly<Record<NormalLossDefinition["target"], TargetKind>> = {
  class: "classes",
  probabilities: "probabilities",
  numbers: "numbers",
  counts: "counts",
};

export function targetKindOf(loss: Pick<BuiltInLoss, "type"> | NormalCustomLoss): TargetKind {
  return loss.type === "custom" ? targetKinds[loss.definition.target] : facts[loss.type].targets;
}

/**
 * The meaning of the outputs. Features are reported as they are: an embedding, quantiles, the parameters of a
 * distribution.
 */
export function outputKindOf(loss: NormalLoss): OutputKind {
  const isOfFeatures =
    loss.type === "custom"
      ? loss.definition.output_size !== null
      : facts[loss.type].outputs === "features" || forecastFactsOf(loss) !== undefined;
  const targets = targetKindOf(loss);
  return isOfFeatures || targets === "counts" ? "features" : targets === "labels" ? "classes" : targets;
}

/** Undefined for a loss whose outputs are no quantiles, and no parameters of a distribution. */
export function forecastFactsOf({ type }: Pick<NormalLoss, "type">): ForecastFacts | undefined {
  return type === "custom" ? undefined : facts[type].forecast;
}

/** The names of the losses of some families. */
export function lossesOfFamilies(isWanted: (family: ForecastFamily) => boolean): readonly string[] {
  return Object.entries(facts).flatMap(([name, { forecast }]) => (forecast && isWanted(forecast.family) ? [name] : []));
}

/** The name of a loss: the type of a built-in one, the user's name for others. */
export function lossName(loss: NormalLoss): string {
  return loss.type === "custom" ? loss.name : loss.type;
}

/** The class of the blank in a CTC model with `classes` classes. */
export function blankClassOf({ blank }: Pick<NormalCtc, "blank">, classes: number): number {
  return blank === "last" ? classes - 1 : blank;
}

/** Metrics of an output where the spec names none: those of its loss and of the kind of data. */
export function defaultMetrics(
  { data }: { readonly data: Pick<NormalSpec["data"], "type"> },
  loss: (Pick<BuiltInLoss, "type"> | NormalCustomLoss) & Pick<NormalLoss, "from">,
): readonly NormalMetric[] {
  const ofData: { readonly metrics?: readonly NormalMetric["type"][] } = dataFacts[data.type];
  const ofLoss = loss.type === "custom" ? metricsOfDefinition(loss.definition) : facts[loss.type].metrics;
  const types = new Set([...ofLoss, ...(ofData.metrics ?? [])]);
  return [...types].map((metric) => ({ type: metric, output: loss.from }) as NormalMetric);
}

/** The metrics that compare outputs of the targets' shape. */
function metricsOfDefinition({ target, output_size }: NormalLossDefinition): readonly NormalMetric["type"][] {
  if (output_size !== null) return [];
  if (target === "class") return ["accuracy"];
  return target === "numbers" ? ["rmse"] : target === "probabilities" ? ["binary_accuracy"] : [];
}
