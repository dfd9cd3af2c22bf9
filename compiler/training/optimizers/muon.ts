/**
 * muon: the choice of the parameters that its equations update, which are lists of patterns. Those of other ranks, and
 * excluded matrices, are updated by Adam.
 */

import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import type { Shape } from "../../ir/types.js";
import type { ResolvedOptimizer } from "../resolve-optimizer.js";

/** The optimizer that updates a parameter in place of muon; undefined where muon does. */
export function substituteOf(
  options: Extract<ResolvedOptimizer, { type: "muon" }>,
  name: string,
  shape: Shape,
): ResolvedOptimizer | undefined {
  if (shape.length === 2 && !matchesAny(options.exclude, name)) return undefined;
  const { adam, weight_decay, no_decay, rates, clip, schedule, average } = options;
  return { type: "adamw", variant: "torch", ...adam, weight_decay, no_decay, rates, clip, schedule, average };
}
