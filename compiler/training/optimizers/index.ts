/** The optimizers, by their type in specs. */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { adadelta } from "./adadelta.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { lion } from "./lion.js";
import { momentum } from "./momentum.js";
import { nadam } from "./nadam.js";
import type { OptimizerDefinition } from "./optimizer.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

/** The definition of an optimizer, with its options bound. */
export type BoundOptimizer = OptimizerDefinition<void>;

const optimizers: { readonly [K in NormalOptimizer["type"]]: OptimizerDefinition<never> } = {
  sgd,
  momentum,
  rmsprop,
  adagrad,
  adadelta,
  adam,
  adamw: adam,
  nadam,
  lion,
};

export function optimizerOf(options: NormalOptimizer): BoundOptimizer {
  const definition: OptimizerDefinition<never> = optimizers[options.type];
  return {
    slots: () => definition.slots(options as never),
    update: (_, b, operands) => definition.update(options as never, b, operands),
  };
}
