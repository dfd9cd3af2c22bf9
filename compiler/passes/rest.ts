/** Rest: a recurrent operator whose first states are zeros needs none. */
import { type Replacement, rewrite } from "../graph/rewrite.js";
import type { Value } from "../ir/types.js";
import { recurrentOperators } from "../ops/recurrent.js";
import type { Pass } from "./pass.js";

const replace: Replacement = (node, { b, inputs, producer, constant }) => {
  if (node.op !== "RNN" && node.op !== "GRU" && node.op !== "LSTM") return undefined;
  const { lengths, initial } = node.attributes;
  if (!initial) return undefined;
  const isZero = (value: Value): boolean => {
    const made = producer(value);
    if (made?.op === "Expand" || made?.op === "Unsqueeze") return made.inputs.slice(0, 1).every(isZero);
    return constant(value)?.data.every((entry) => entry === 0) ?? false;
  };
  const first = 4 + (lengths ? 1 : 0);
  const end = first + recurrentOperators[node.op].states;
  if (!inputs.slice(first, end).every(isZero)) return undefined;
  const rest = [...inputs.slice(0, first), ...inputs.slice(end)];
  switch (node.op) {
    case "RNN":
      return b.apply("RNN", rest, { ...node.attributes, initial: false });
    case "GRU":
      return b.apply("GRU", rest, { ...node.attributes, initial: false });
    case "LSTM":
      return b.apply("LSTM", rest, { ...node.attributes, initial: false });
  }
};

export const rest: Pass = {
  name: "rest",
  description: "A recurrent operator's first states, where they are zeros, are left out.",
  run: (graph) => rewrite(graph, replace),
};
