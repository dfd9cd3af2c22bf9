/** Scan as ONNX has it: states and slices are operands, captured values are read in the body by their names outside. */
import type { NodeOf } from "../ir/types.js";
import { writeGraph } from "./graph.js";
import { int, ints, subgraph, valueInfo } from "./proto.js";
import { compute, enter, integer, nameOf, openScope, type Scope, write } from "./scope.js";
import { sizeScalar } from "./sizes.js";

export function scan(node: NodeOf<"Scan">, scope: Scope, results: readonly string[]): void {
  const { body, states, scans, reverse, length } = node.attributes;
  const operands = node.inputs.map((input) => nameOf(scope, input));
  const explicit = states + scans;

  const inner = openScope(scope.model, scope);
  body.inputs.forEach((input, index) => {
    const captured = operands[index];
    if (index >= explicit && captured !== undefined) inner.names.set(input, captured);
    else enter(inner, input, scope.model.fresh(input.name ?? (index < states ? "state" : "slice")));
  });

  const scanned = operands.slice(states, explicit);
  const slices = body.inputs.slice(0, explicit).map((input) => valueInfo(nameOf(inner, input), input.type));
  if (scans === 0) {
    // ONNX counts steps by what is scanned, so there must be something.
    const steps = [integer(scope, 0, "zero"), sizeScalar(scope, length, "length"), integer(scope, 1, "one")];
    scanned.push(compute(scope, "Range", steps));
    slices.push(valueInfo(scope.model.fresh("step"), { dtype: "int64", shape: [] }));
  }

  // Walking backward, ONNX stacks outputs by putting each before those that are there.
  const direction = reverse ? 1 : 0;
  const stacked = body.outputs.length - states;
  write(scope, "Scan", [...operands.slice(0, states), ...scanned], results, [
    subgraph("body", writeGraph(body, inner, slices, [])),
    int("num_scan_inputs", scanned.length),
    ints("scan_input_directions", new Array<number>(scanned.length).fill(direction)),
    ints("scan_output_directions", new Array<number>(stacked).fill(direction)),
  ]);
}
