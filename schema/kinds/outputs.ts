/** Outputs of a model, one for each loss: the layers behind each, its target, and its names in models and metrics. */

import type { NormalData, NormalLayer, NormalLoss, NormalSpec } from "../normal/index.js";
import { activationNotation } from "./activation-notation.js";

/** The name of the target of data with one target. */
export const ONLY_TARGET = "targets";

export interface ModelOutput {
  /** The name of the layer. */
  readonly name: string;
  /** The loss that reads the output; it names the target. */
  readonly loss: NormalLoss;
  /** The layers that the output depends on, in order; the last is its own. */
  readonly model: readonly NormalLayer[];
  /** The name of the output in a model: `outputs`, of several `outputs/<name>`. */
  readonly port: string;
  /** The start of the names of its metrics: empty, of several outputs `<name>/`. */
  readonly prefix: string;
}

/** The outputs of a model in the order of the losses. */
export function outputsOf({ losses, model }: Pick<NormalSpec, "losses" | "model">): readonly ModelOutput[] {
  const isOnly = losses.length === 1;
  return losses.map((loss) => ({
    name: loss.from,
    loss,
    model: layersBehind(model, loss.from),
    port: isOnly ? "outputs" : `outputs/${loss.from}`,
    prefix: isOnly ? "" : `${loss.from}/`,
  }));
}

/** A layer with all layers that it depends on, in order. */
function layersBehind(model: readonly NormalLayer[], name: string): readonly NormalLayer[] {
  const needed = new Set([name]);
  const layers = model.toReversed().filter((layer) => {
    if (!needed.has(layer.name)) return false;
    for (const source of referencesOf(layer)) needed.add(source);
    return true;
  });
  return layers.toReversed();
}

/** The names in `from`, `weights` and `initial_state` of a layer. */
export function referencesOf(layer: NormalLayer): readonly string[] {
  const references = ["weights" in layer ? layer.weights : null, "initial_state" in layer ? layer.initial_state : null];
  return [...layer.from, ...references.filter((name) => name !== null)];
}

/** The kind of a model's outputs: inference applies a final softmax or sigmoid. */
export type OutputActivation = "logits" | "softmax" | "sigmoid";

export function outputActivationOf(model: readonly NormalLayer[]): OutputActivation {
  const last = model.at(-1);
  const activation = last !== undefined && "activation" in last ? activationNotation(last.activation) : "none";
  return activation === "softmax" || activation === "sigmoid" ? activation : "logits";
}

/** The name of a target's array in batches, and as an input of the models. */
export function targetPort(target: string): string {
  return target === ONLY_TARGET ? ONLY_TARGET : `targets/${target}`;
}

/** The name of the target of a port; undefined for other ports, and for the only target. */
export function targetOfPort(port: string): string | undefined {
  return port.startsWith("targets/") ? port.slice("targets/".length) : undefined;
}

/** The names of the targets of the data. */
export function targetNames(data: NormalData): readonly string[] {
  const named = namedTargets(data);
  return named === null ? [ONLY_TARGET] : Object.keys(named);
}

/** The targets by name; null for data with one target, which has none. */
export function namedTargets(data: NormalData): Readonly<Record<string, unknown>> | null {
  const targets = "targets" in data ? data.targets : data.type === "table" ? data.target : null;
  return typeof targets === "object" && targets !== null && !Array.isArray(targets)
    ? (targets as Readonly<Record<string, unknown>>)
    : null;
}
