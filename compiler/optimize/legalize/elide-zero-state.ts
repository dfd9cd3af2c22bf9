/** Rest: a recurrent operator whose first states are zeros needs none. */
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import type { Value } from "../../ir/types.js";
import { recurrentOperators } from "../../ops/recurrent.js";
import type { Pass } from "../pass.js";

const replace: RewriteRule = (node, { b, inputs, producer, constant }) => {
  if (node.op !== "RNN" && node.op !== "GRU" && node.op !== "LSTM") return undefined;
  const { lengths, initial } = node.attributes;
  if (!initial) return undefined;
  const isZero = (value: Value): boolean => {
    const source = producer(value);
    if (source?.op === "Expand" || source?.op === "Unsqueeze") return source.inputs.slice(0, 1).every(isZero);
    return constant(value)?.data.every((entry) => entry === 0) ?? false;
  };
  const start = 4 + (lengths ? 1 : 0);
  const end = start + recurrentOperators[node.op].stateCount;
  if (!inputs.slice(start, end).every(isZero)) return undefined;
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
  description: "A recurrent operator's first states, where they are zeros, are left out.",
  run: (graph) => rewrite(graph, replace),
};
