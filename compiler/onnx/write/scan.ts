/** Scan as an ONNX node. States and scanned inputs are operands; the body reads captured values by their names. */
import type { NodeOf } from "../../ir/types.js";
import { writeGraph } from "./graph.js";
import { int, ints, subgraph, valueInfo } from "./proto.js";
import { appendNode, declareInput, nameOf, openScope, type Scope } from "./scope.js";

export function emitScan(node: NodeOf<"Scan">, scope: Scope, results: readonly string[]): void {
  const { body, stateCount, scanCount, reverse } = node.attributes;
  const operands = node.inputs.map((input) => nameOf(scope, input));
  const operandCount = stateCount + scanCount;

  const bodyScope = openScope(scope.model, scope);
  body.inputs.forEach((input, index) => {
    const captured = operands[index];
    if (index >= operandCount && captured !== undefined) bodyScope.names.set(input, captured);
    else declareInput(bodyScope, input, scope.model.freshName(input.name ?? (index < stateCount ? "state" : "slice")));
  });

  const bodyInputs = body.inputs.slice(0, operandCount).map((input) => valueInfo(nameOf(bodyScope, input), input.type));

  // In reverse direction ONNX prepends each scan output to the earlier ones.
  const direction = reverse ? 1 : 0;
  const scanOutputCount = body.outputs.length - stateCount;
  appendNode(scope, "Scan", operands.slice(0, operandCount), results, [
    subgraph("body", writeGraph(body, bodyScope, bodyInputs, [])),
    int("num_scan_inputs", scanCount),
    ints("scan_input_directions", new Array<number>(scanCount).fill(direction)),
    ints("scan_output_directions", new Array<number>(scanOutputCount).fill(direction)),
  ]);
}
