/** Outputs that are parameters of distributions: blocks, each with the numbers of all targets. */
import type { NormalLoss } from "../../schema/normal/index.js";

/** The change of the numbers of a block with y = offset + factor * x; a count has no other units. */
export type Block = "value" | "log_scale" | "log_variance" | "count" | "none";

const blocks: Readonly<Partial<Record<NormalLoss["type"], readonly Block[]>>> = {
  gaussian_nll: ["value", "log_variance"],
  student_t_nll: ["value", "log_scale", "none"],
  poisson_nll: ["count"],
  negative_binomial_nll: ["count", "none"],
  mixture_density: ["none", "value", "log_scale"],
};

/** The blocks of a loss of a distribution, in the order of the output; undefined for other losses. */
export function parameterBlocks({ type }: Pick<NormalLoss, "type">): readonly Block[] | undefined {
  return blocks[type];
}
