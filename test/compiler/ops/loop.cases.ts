/** Cases of Scan; its gradient is tested in test/compiler/autodiff. */
import { graphBuilder } from "../../../compiler/graph/builder.js";
import type { Graph } from "../../../compiler/ir/types.js";
import type { CaseOf, Cases } from "./case.js";
import { normal } from "./sample.js";

/** h' = tanh(x + h @ U), with h' as scan output and a captured U [2, 2]. */
function recurrence(): Graph {
  const b = graphBuilder("recurrence");
  const h = b.input("h", { dtype: "float32", shape: ["batch", 2] });
  const x = b.input("x", { dtype: "float32", shape: ["batch", 2] });
  const u = b.input("U", { dtype: "float32", shape: [2, 2] });
  const next = b.tanh(b.add(x, b.matmul(h, u)));
  return b.finish([next, next]);
}

const loopOver = (length: "time" | 4, reverse: boolean): CaseOf<"Scan"> => ({
  title: `${length} steps${reverse ? " in reverse" : ""}`,
  operands: [normal("batch", 2), normal(length, "batch", 2), normal(2, 2)],
  attributes: { body: recurrence(), stateCount: 1, scanCount: 1, reverse, length },
});

export const loop: Cases<"Scan"> = {
  Scan: [loopOver("time", false), loopOver(4, true)],
};
