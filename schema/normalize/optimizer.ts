/** The optimizer in full: some defaults depend on whose arithmetic is asked for. */
import { resolve, specSchema } from "../contract.js";
import type { NormalOptimizer } from "../normal.js";
import type { Mark } from "../origins.js";
import type { Spec } from "../spec.types.js";
import { fill } from "./fill.js";

/** For each optimizer, for each key, its default by variant. The schema says the same in words. */
const byVariant: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>> = {
  rmsprop: { epsilon: { tensorflow: 1e-10, torch: 1e-8, keras: 1e-7 } },
  adagrad: { initial_accumulator_value: { tensorflow: 0.1, torch: 0 }, epsilon: { tensorflow: 0, torch: 1e-10 } },
  nadam: { momentum_decay: { torch: 0.004, keras: 1 } },
};

export function normalizeOptimizer(optimizer: Spec["optimizer"], mark: Mark): NormalOptimizer {
  const path = "/optimizer";
  const schema = resolve(specSchema().properties?.optimizer ?? {});
  const filled = fill<NormalOptimizer>(optimizer, schema, path, mark);
  if (!("variant" in filled)) return filled;
  const { variant } = filled;
  const defaults = Object.entries(byVariant[filled.type] ?? {}).map(([key, values]) => [key, values[variant]]);
  return mark({ ...Object.fromEntries(defaults), ...filled }, path);
}
