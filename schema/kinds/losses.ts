/** Facts of losses: the kind of their targets, and the default metrics. */
import type { NormalCtc, NormalLoss, NormalMetric, NormalSpec } from "../normal/index.js";
import { dataFacts, lossFacts } from "./data.js";

/**
 * The targets that a loss compares outputs with. `classes`: a class id (or a row of probabilities) for each output;
 * `labels`: a sequence of class ids of its own length; `probabilities`: a number from 0 to 1 for each output;
 * `numbers`: real numbers.
 */
export type TargetKind = "classes" | "labels" | "probabilities" | "numbers";

interface LossFacts {
  readonly targets: TargetKind;
  readonly metrics: readonly NormalMetric["type"][];
}

const facts: { readonly [K in NormalLoss["type"]]: LossFacts } = lossFacts;

export function targetKindOf({ type }: Pick<NormalLoss, "type">): TargetKind {
  return facts[type].targets;
}

/** The class of the blank in a CTC model with `classes` classes. */
export function blankClassOf({ blank }: Pick<NormalCtc, "blank">, classes: number): number {
  return blank === "last" ? classes - 1 : blank;
}

/** Metrics of an output where the spec names none: those of its loss and of the kind of data. */
export function defaultMetrics(
  { data }: { readonly data: Pick<NormalSpec["data"], "type"> },
  { type, from }: Pick<NormalLoss, "type" | "from">,
): readonly NormalMetric[] {
  const ofData: { readonly metrics?: readonly NormalMetric["type"][] } = dataFacts[data.type];
  const types = new Set([...facts[type].metrics, ...(ofData.metrics ?? [])]);
  return [...types].map((metric) => ({ type: metric, output: from }) as NormalMetric);
}
