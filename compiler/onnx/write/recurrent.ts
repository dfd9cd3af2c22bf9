/** RNN, GRU and LSTM as ONNX nodes: absent operands are empty names, and every result is declared. */
import type { NodeOf } from "../../ir/types.js";
import { recurrentOperators } from "../../ops/recurrent.js";
import { int, text, texts } from "./proto.js";
import { appendNode, nameOf, type Scope } from "./scope.js";

export function emitRecurrent(node: NodeOf<"RNN" | "GRU" | "LSTM">, scope: Scope, results: readonly string[]): void {
  const { hidden, reverse, activations, lengths, initial } = node.attributes;
  const { stateCount: states, activations: defaults } = recurrentOperators[node.op];
  const remaining = node.inputs.map((input) => nameOf(scope, input));
  const nextOperands = (isPresent: boolean, count: number) =>
    isPresent ? remaining.splice(0, count) : Array.from({ length: count }, () => "");
  const operands = [
    ...nextOperands(true, 4),
    ...nextOperands(lengths, 1),
    ...nextOperands(initial, states),
    ...remaining,
  ];
  while (operands.at(-1) === "") operands.pop();
  const hasCustomActivations = activations.some((name, index) => name !== defaults[index]);
  appendNode(scope, node.op, operands, results, [
    int("hidden_size", hidden),
    ...(reverse ? [text("direction", "reverse")] : []),
    ...(hasCustomActivations ? [texts("activations", activations)] : []),
    ...("linearBeforeReset" in node.attributes && node.attributes.linearBeforeReset
      ? [int("linear_before_reset", 1)]
      : []),
  ]);
}
