/** Graphs as text: one line per node, in order, with the types of its results; loop bodies are indented. */

import { at } from "../expect.js";
import { uniqueNames } from "../names.js";
import type { Graph, Node, NodeOf, Value } from "../types.js";
import { printAttributes, printTensor, printType } from "./format.js";

/** The lines so far, and the names of the visible values. Names are unique over a graph and its bodies. */
interface PrintScope {
  readonly lines: string[];
  readonly fresh: (hint: string) => string;
  readonly names: ReadonlyMap<Value, string>;
  readonly indent: string;
}

/** The scope of the graph that is being printed: its values get names here. */
interface MutablePrintScope extends PrintScope {
  readonly names: Map<Value, string>;
}

/** The same graph prints the same text. Values are named by their hints, or else by their operators. */
export function printGraph(graph: Graph): string {
  const scope: MutablePrintScope = { lines: [], fresh: uniqueNames(), names: new Map(), indent: "  " };
  scope.lines.push(`graph ${graph.name}`);
  for (const input of graph.inputs) writeLine(scope, `input ${define(scope, input, "input")}`);
  for (const node of graph.nodes) printNode(scope, node);
  for (const output of graph.outputs) writeLine(scope, `output ${nameOf(scope, output)}`);
  return `${scope.lines.join("\n")}\n`;
}

function writeLine(scope: PrintScope, text: string): void {
  scope.lines.push(scope.indent + text);
}

/** Names a value. Returns its definition, `name: type`. */
function define(scope: MutablePrintScope, value: Value, hint: string): string {
  const name = scope.fresh(value.name ?? hint);
  scope.names.set(value, name);
  return `${name}: ${printType(value.type)}`;
}

function nameOf(scope: PrintScope, value: Value): string {
  return scope.names.get(value) ?? "(not in this graph)";
}

function printNode(scope: MutablePrintScope, node: Node): void {
  // A scalar constant is written where it is used.
  if (node.op === "Constant" && node.attributes.value.shape.length === 0) {
    for (const output of node.outputs) scope.names.set(output, printTensor(node.attributes.value));
    return;
  }
  const results = node.outputs.map((output) => define(scope, output, node.op.toLowerCase())).join(", ");
  const operands = node.op === "Scan" ? [] : node.inputs.map((input) => nameOf(scope, input));
  writeLine(scope, `${results} = ${node.op}(${[...operands, ...printAttributes(node)].join(", ")})`);
  if (node.op === "Scan") printBody(scope, node);
}

/**
 * States and slices with their operands, captured values by their outer names, then the nodes and results of the body.
 */
function printBody(outer: PrintScope, { attributes, inputs, outputs }: NodeOf<"Scan">): void {
  const { body, stateCount, scanCount } = attributes;
  const scope: MutablePrintScope = { ...outer, names: new Map(), indent: `${outer.indent}  ` };
  const captures: string[] = [];
  body.inputs.forEach((input, index) => {
    const operand = nameOf(outer, at(inputs, index));
    if (index < stateCount) writeLine(scope, `state ${define(scope, input, "state")} = ${operand}`);
    else if (index < stateCount + scanCount) writeLine(scope, `slice ${define(scope, input, "slice")} = ${operand}`);
    else {
      scope.names.set(input, operand);
      captures.push(operand);
    }
  });
  if (captures.length > 0) writeLine(scope, `capture ${captures.join(", ")}`);
  for (const node of body.nodes) printNode(scope, node);
  body.outputs.forEach((output, index) => {
    const name = index < stateCount ? nameOf(scope, at(body.inputs, index)) : nameOf(outer, at(outputs, index));
    writeLine(scope, `${index < stateCount ? "next" : "stack"} ${name} = ${nameOf(scope, output)}`);
  });
}
