/** The options by which one parameter is updated, from the patterns that match its name. */

import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizer } from "../../../schema/normal/index.js";

export interface ParameterOptions {
  readonly options: NormalOptimizer;
  /** Factor of the learning rate. */
  readonly rateFactor: number;
}

export function parameterOptions(optimizer: NormalOptimizer, name: string, rank: number): ParameterOptions {
  const decayed =
    "no_decay" in optimizer && matchesAny(optimizer.no_decay, name) ? { ...optimizer, weight_decay: 0 } : optimizer;
  const rate = optimizer.rates.find(({ parameters }) => matchesAny(parameters, name));
  return { options: withoutMatrix(decayed, name, rank), rateFactor: rate?.factor ?? 1 };
}

/** Muon updates matrices; the other parameters, and matrices that it excludes, are updated by Adam. */
function withoutMatrix(optimizer: NormalOptimizer, name: string, rank: number): NormalOptimizer {
  if (optimizer.type !== "muon" || (rank === 2 && !matchesAny(optimizer.exclude, name))) return optimizer;
  const { adam, weight_decay, no_decay, rates, clip, schedule, average } = optimizer;
  return { type: "adamw", variant: "torch", ...adam, weight_decay, no_decay, rates, clip, schedule, average };
}
