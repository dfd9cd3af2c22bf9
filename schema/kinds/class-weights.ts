/** Weights of classes: a list of numbers, or a form that only the data makes one. */
import type { NormalLoss, NormalSpec } from "../normal/index.js";

/** A list by class id, an object by class name, or the balance of the training split. */
export type ClassWeights = Extract<NormalLoss, { readonly class_weights: unknown }>["class_weights"];

export function classWeightsOf(loss: NormalLoss): ClassWeights {
  return "class_weights" in loss ? loss.class_weights : null;
}

export function isWeightsList(weights: ClassWeights): weights is readonly number[] {
  return Array.isArray(weights);
}

/** The losses whose weights the data defines. */
export function lossesWithDataWeights({ losses }: Pick<NormalSpec, "losses">): readonly NormalLoss[] {
  return losses.filter((loss) => {
    const weights = classWeightsOf(loss);
    return weights !== null && !isWeightsList(weights);
  });
}
