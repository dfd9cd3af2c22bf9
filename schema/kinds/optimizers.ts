/** Facts of optimizers and schedules. */
import type { NormalOptimizer, NormalSchedule } from "../normal/index.js";

/** The decay of an optimizer's mean gradient: `momentum` or `beta1`; undefined where it has neither. */
export function momentumOf(optimizer: NormalOptimizer): number | undefined {
  if (optimizer.type === "custom") {
    const { beta1, momentum } = optimizer.options;
    return [beta1, momentum].find((option) => typeof option === "number");
  }
  if ("beta1" in optimizer) return optimizer.beta1;
  return "momentum" in optimizer ? optimizer.momentum : undefined;
}

/** The type of an optimizer or a schedule in words of the spec: of one of the user's own its name. */
export function nameOf(use: NormalOptimizer | NormalSchedule): string {
  return use.type === "custom" ? use.name : use.type;
}
