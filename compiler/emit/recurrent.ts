/** RNN, GRU and LSTM as ONNX nodes: operands that are not there are left empty, and every result is declared. */
import type { NodeOf } from "../ir/types.js";
import { recurrentOperators } from "../ops/recurrent.js";
import { int, text, texts } from "./proto.js";
import { nameOf, type Scope, write } from "./scope.js";

export function recurrent(node: NodeOf<"RNN" | "GRU" | "LSTM">, scope: Scope, results: readonly string[]): void {
  const { hidden, reverse, activations, lengths, initial } = node.attributes;
  const { states, activations: usual } = recurrentOperators[node.op];
  const given = node.inputs.map((input) => nameOf(scope, input));
  const take = (there: boolean, count: number) =>
    there ? given.splice(0, count) : Array.from({ length: count }, () => "");
  const operands = [...take(true, 4), ...take(lengths, 1), ...take(initial, states), ...given];
  while (operands.at(-1) === "") operands.pop();
  const own = activations.some((name, index) => name !== usual[index]);
  write(scope, node.op, operands, results, [
    int("hidden_size", hidden),
    ...(reverse ? [text("direction", "reverse")] : []),
    ...(own ? [texts("activations", activations)] : []),
    ...("linearBeforeReset" in node.attributes && node.attributes.linearBeforeReset
      ? [int("linear_before_reset", 1)]
      : []),
  ]);
}
