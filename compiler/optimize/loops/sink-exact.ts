/** Behind: the last of what is reported of each step of a call is made for all of them at once, where calling a kernel is what it costs. */
import { isExact, isSmall } from "../exactness.js";
import type { Pass } from "../pass.js";
import { rewriteLoops } from "./rewrite-loop.js";
import { sinkScan } from "./sink.js";

export const sinkExact: Pass = {
  name: "behind",
  description:
    "Small work on what a call's steps report is done for all of them at once, after the loop over the steps.",
  run: (graph, context) =>
    rewriteLoops(graph, (b, loop, operands) =>
      sinkScan(b, loop, operands, context, (node) => isExact(node) && isSmall(node, context)),
    ),
};
