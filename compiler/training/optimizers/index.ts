/** The optimizers, by their type in specs, and the one that updates a parameter. */

import { builtInOptimizer } from "../../../schema/built-in.js";
import { definition } from "../../../schema/json-schema.js";
import { momentumOf } from "../../../schema/kinds/optimizers.js";
import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizerDefinition } from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import type { Builder } from "../../ir/builder.js";
import { expectDefined } from "../../ir/expect.js";
import type { Shape, Value } from "../../ir/types.js";
import type { UpdateSlot } from "../../language/update.js";
import type { ResolvedOptimizer } from "../resolve-optimizer.js";
import { equationUpdate, optionsOf, type Update, type UpdateOperands } from "./equations.js";
import { substituteOf } from "./muon.js";

/** The file of specs/optimizers with the equations of each type; null for those of the spec. */
export const optimizers = {
  sgd: "sgd",
  momentum: "momentum",
  rmsprop: "rmsprop",
  adagrad: "adagrad",
  adadelta: "adadelta",
  adam: "adam",
  // Adam with another default of weight_decay.
  adamw: "adam",
  adamax: "adamax",
  nadam: "nadam",
  radam: "radam",
  lion: "lion",
  lamb: "lamb",
  adafactor: "adafactor",
  muon: "muon",
  custom: null,
} as const satisfies { readonly [K in ResolvedOptimizer["type"]]: string | null };

/** The optimizer of a parameter, with its options bound. */
export interface BoundOptimizer {
  /** Equal for parameters that are updated by equal arithmetic. */
  readonly key: string;
  readonly isLayerwise: boolean;
  /** That of the spec, except where another one updates the parameter. */
  readonly type: ResolvedOptimizer["type"];
  /** The learning rate before the schedule. */
  readonly learningRate: number;
  /** The momentum (or beta1) of the options; 0 where they have neither. */
  readonly momentum: number;
  /** The slots of the parameter, in order. */
  readonly slots: readonly UpdateSlot[];
  update(b: Builder, operands: UpdateOperands): Update;
}

const builtIn = new Map<string, NormalOptimizerDefinition>();

/** The equations of an optimizer. */
export function definitionOf(optimizer: ResolvedOptimizer): NormalOptimizerDefinition {
  if (optimizer.type === "custom") return optimizer.definition;
  const name = optimizers[optimizer.type];
  const known = builtIn.get(name);
  if (known !== undefined) return known;
  const file = expectDefined(builtInOptimizer(name), name);
  const filled = fillDefaults<NormalOptimizerDefinition>(file, definition("optimizer_definition"), "", (part) => part);
  builtIn.set(name, filled);
  return filled;
}

/** The optimizer with the options by which a parameter is updated. */
export function optimizerFor(optimizer: ResolvedOptimizer, name: string, shape: Shape): ResolvedOptimizer {
  const decayed = "no_decay" in optimizer && matchesAny(optimizer.no_decay, name) ? withoutDecay(optimizer) : optimizer;
  return (decayed.type === "muon" ? substituteOf(decayed, name, shape) : undefined) ?? decayed;
}

function withoutDecay(optimizer: ResolvedOptimizer): ResolvedOptimizer {
  if (optimizer.type === "custom") return { ...optimizer, options: { ...optimizer.options, weight_decay: 0 } };
  return { ...optimizer, weight_decay: 0 } as ResolvedOptimizer;
}

/** Bound optimizers of a spec's optimizer by their options and shapes. */
const bound = new WeakMap<ResolvedOptimizer, Map<string, BoundOptimizer>>();

/** The optimizer of a parameter: its shape, and the patterns that match its name, choose the options. */
export function optimizerOf(optimizer: ResolvedOptimizer, { name = "", type: { shape } }: Value): BoundOptimizer {
  const options = optimizerFor(optimizer, name, shape);
  const rateFactor = optimizer.rates.find(({ parameters }) => matchesAny(parameters, name))?.factor ?? 1;
  const known = bound.get(optimizer) ?? new Map<string, BoundOptimizer>();
  bound.set(optimizer, known);
  const key = JSON.stringify([options, rateFactor, shape]);
  const existing = known.get(key);
  if (existing !== undefined) return existing;
  const own = options.type === "custom" ? ({ kind: "optimizer", name: options.name } as const) : undefined;
  const update = equationUpdate(definitionOf(options), optionsOf(options), shape, own);
  const result: BoundOptimizer = {
    key: JSON.stringify([options, rateFactor, ...(update.dependsOnRank ? [shape.length] : [])]),
    isLayerwise: update.isLayerwise,
    type: options.type,
    learningRate: options.learning_rate * rateFactor,
    momentum: momentumOf(options) ?? 0,
    slots: update.slots,
    update: update.build,
  };
  known.set(key, result);
  return result;
}
