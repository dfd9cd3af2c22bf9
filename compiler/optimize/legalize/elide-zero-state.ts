/** Operand elision: zero initial states of recurrent operators are omitted. ONNX defines an omitted one as zero. */
import { splatValue } from "../../graph/def-use.js";
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import { recurrentOperators } from "../../ops/recurrent.js";
import type { Pass } from "../pass.js";

const replace: RewriteRule = (node, { b, inputs, producer }) => {
  if (node.op !== "RNN" && node.op !== "GRU" && node.op !== "LSTM") return undefined;
  const { lengths, initial } = node.attributes;
  if (!initial) return undefined;
  const start = 4 + (lengths ? 1 : 0);
  const end = start + recurrentOperators[node.op].stateCount;
  if (!inputs.slice(start, end).every((state) => splatValue(state, producer) === 0)) return undefined;
  const remaining = [...inputs.slice(0, start), ...inputs.slice(end)];
  switch (node.op) {
    case "RNN":
      return b.apply("RNN", remaining, { ...node.attributes, initial: false });
    case "GRU":
      return b.apply("GRU", remaining, { ...node.attributes, initial: false });
    case "LSTM":
      return b.apply("LSTM", remaining, { ...node.attributes, initial: false });
  }
};

export const elideZeroState: Pass = {
  name: "elide-zero-state",
  description: "Omits zero initial states of recurrent operators: GRU(x, W, R, B, h0 = 0) → GRU(x, W, R, B).",
  run: (graph) => rewrite(graph, replace),
};
