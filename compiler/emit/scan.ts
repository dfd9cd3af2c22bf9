/** Scan as ONNX has it: states and slices are operands, captured values are read in the body by their names outside. */
import type { NodeOf } from "../ir/types.js";
import { writeGraph } from "./graph.js";
import { int, ints, subgraph, valueInfo } from "./proto.js";
import { enter, nameOf, openScope, type Scope, write } from "./scope.js";

export function scan(node: NodeOf<"Scan">, scope: Scope, results: readonly string[]): void {
  const { body, states, scans, reverse } = node.attributes;
  const operands = node.inputs.map((input) => nameOf(scope, input));
  const explicit = states + scans;

  const inner = openScope(scope.model, scope);
  body.inputs.forEach((input, index) => {
    const captured = operands[index];
    if (index >= explicit && captured !== undefined) inner.names.set(input, captured);
    else enter(inner, input, scope.model.fresh(input.name ?? (index < states ? "state" : "slice")));
  });

  const declared = body.inputs.slice(0, explicit).map((input) => valueInfo(nameOf(inner, input), input.type));

  // Walking backward, ONNX stacks outputs by putting each before those that are there.
  const direction = reverse ? 1 : 0;
  const stacked = body.outputs.length - states;
  write(scope, "Scan", operands.slice(0, explicit), results, [
    subgraph("body", writeGraph(body, inner, declared, [])),
    int("num_scan_inputs", scans),
    ints("scan_input_directions", new Array<number>(scans).fill(direction)),
    ints("scan_output_directions", new Array<number>(stacked).fill(direction)),
  ]);
}
