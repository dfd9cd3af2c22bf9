/** Cases of operators of several primitives; test/compiler/optimize/kernels compares them with those primitives. */
import type { CaseOf, Cases } from "./case.js";
import { normal, type Sample } from "./sample.js";

const attention = (title: string, scale: number, ...operands: readonly Sample[]): CaseOf<"Attention"> => ({
  title,
  operands,
  attributes: { scale },
});

export const composite: Cases<"Gelu" | "RMSNormalization" | "Attention"> = {
  Gelu: [
    { title: "exact", operands: [normal("batch", 4)], attributes: { approximate: "none" } },
    { title: "by tanh", operands: [normal(5)], attributes: { approximate: "tanh" } },
  ],
  RMSNormalization: [
    { title: "rows", operands: [normal("batch", 4), normal(4)], attributes: { epsilon: 1e-3 } },
    { title: "steps of a sequence", operands: [normal(2, "batch", 3), normal(3)], attributes: { epsilon: 0.5 } },
  ],
  Attention: [
    attention("plain", 0.5, normal("batch", 2, 3, 4), normal("batch", 2, "time", 4), normal("batch", 2, "time", 5)),
    attention(
      "heads that share keys, a bias of the steps",
      1,
      normal("batch", 4, 2, 3),
      normal("batch", 2, "time", 3),
      normal("batch", 2, "time", 3),
      normal(2, "time"),
    ),
    attention(
      "a bias of each head",
      1,
      normal("batch", 2, 2, 3),
      normal("batch", 2, 4, 3),
      normal("batch", 2, 4, 3),
      normal(1, 2, 2, 4),
    ),
  ],
};
