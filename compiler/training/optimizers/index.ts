/** The optimizers, by their type in specs, and the one that updates a parameter. */
import { momentumOf } from "../../../schema/kinds/optimizers.js";
import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import type { Shape, Value } from "../../ir/types.js";
import { adadelta } from "./adadelta.js";
import { adafactor } from "./adafactor.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamax } from "./adamax.js";
import { lamb } from "./lamb.js";
import { lion } from "./lion.js";
import { momentum } from "./momentum.js";
import { muon } from "./muon.js";
import { nadam } from "./nadam.js";
import type { OptimizerDefinition, Update, UpdateOperands } from "./optimizer.js";
import { radam } from "./radam.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

export const optimizers: { readonly [K in NormalOptimizer["type"]]: OptimizerDefinition<never> } = {
  sgd,
  momentum,
  rmsprop,
  adagrad,
  adadelta,
  adam,
  adamw: adam,
  adamax,
  nadam,
  radam,
  lion,
  lamb,
  adafactor,
  muon,
};

/** The optimizer of a parameter, with its options bound. */
export interface BoundOptimizer {
  /** Equal for parameters that are updated by equal arithmetic. */
  readonly key: string;
  readonly isLayerwise: boolean;
  /** That of the spec, except where its `substitute` updates the parameter. */
  readonly type: NormalOptimizer["type"];
  /** The learning rate before the schedule. */
  readonly learningRate: number;
  /** The momentum (or beta1) of the options; 0 where they have neither. */
  readonly momentum: number;
  /** The slots of the parameter, in order. */
  readonly slots: readonly { readonly name: string; readonly initial: number; readonly shape: Shape }[];
  update(b: Builder, operands: UpdateOperands<string>): Update<string>;
}

/** The options by which a parameter is updated. */
function optionsOf(optimizer: NormalOptimizer, name: string, shape: Shape): NormalOptimizer {
  const options =
    "no_decay" in optimizer && matchesAny(optimizer.no_decay, name) ? { ...optimizer, weight_decay: 0 } : optimizer;
  const { substitute }: OptimizerDefinition<never> = optimizers[optimizer.type];
  return substitute?.(options as never, name, shape) ?? options;
}

/** The optimizer of a parameter: its rank, and the patterns that match its name, choose the options. */
export function optimizerOf(optimizer: NormalOptimizer, { name = "", type: { shape } }: Value): BoundOptimizer {
  const options = optionsOf(optimizer, name, shape);
  const rateFactor = optimizer.rates.find(({ parameters }) => matchesAny(parameters, name))?.factor ?? 1;
  const definition: OptimizerDefinition<never> = optimizers[options.type];
  return {
    key: JSON.stringify([options, rateFactor]),
    isLayerwise: definition.isLayerwise ?? false,
    type: options.type,
    learningRate: options.learning_rate * rateFactor,
    momentum: momentumOf(options) ?? 0,
    slots: Object.entries(definition.slots(options as never, shape)).map(([slot, value]) => ({
      name: slot,
      ...(typeof value === "number" ? { initial: value, shape } : value),
    })),
    update: (b, operands) => definition.update(options as never, b, operands),
  };
}
