/** Behind: the last of what is reported of each step of a call is made for all of them at once, where calling a kernel is what it costs. */
import { isExact, isSmall } from "./exact.js";
import { rewriteLoops } from "./loop-body.js";
import type { Pass } from "./pass.js";
import { sinkScan } from "./sink.js";

export const behind: Pass = {
  name: "behind",
  description:
    "Small work on what a call's steps report is done for all of them at once, after the loop over the steps.",
  run: (graph, context) =>
    rewriteLoops(graph, (b, node, operands) =>
      sinkScan(b, node, operands, context, (step) => isExact(step) && isSmall(step, context)),
    ),
};
