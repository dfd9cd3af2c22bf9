/** Facts of optimizers. */
import type { NormalOptimizer } from "../normal/index.js";

/** The decay of an optimizer's mean gradient: `momentum` or `beta1`; undefined where it has neither. */
export function momentumOf(optimizer: NormalOptimizer): number | undefined {
  if ("beta1" in optimizer) return optimizer.beta1;
  return "momentum" in optimizer ? optimizer.momentum : undefined;
}
