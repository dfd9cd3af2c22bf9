/** A graph as text: one line per node, in order, with the types of its results; loop bodies are indented. */
import { printAttributes, printTensor, printType } from "./literal.js";
import { uniqueNames } from "./names.js";
import { at } from "./present.js";
import type { Graph, Node, NodeOf, Value } from "./types.js";

/** The lines so far, and what the values in sight are called. Names are unique over a graph and its bodies. */
interface Page {
  readonly lines: string[];
  readonly fresh: (hint: string) => string;
  readonly names: ReadonlyMap<Value, string>;
  readonly indent: string;
}

/** A page on which new names can be written down: the one of the graph that is being printed. */
interface OpenPage extends Page {
  readonly names: Map<Value, string>;
}

/** Deterministic: the same graph prints the same text. Values are named by their hints, or else by their operators. */
export function printGraph(graph: Graph): string {
  const page: OpenPage = { lines: [], fresh: uniqueNames(), names: new Map(), indent: "  " };
  page.lines.push(`graph ${graph.name}`);
  for (const input of graph.inputs) line(page, `input ${define(page, input, "input")}`);
  for (const node of graph.nodes) printNode(page, node);
  for (const output of graph.outputs) line(page, `output ${nameOf(page, output)}`);
  return `${page.lines.join("\n")}\n`;
}

function line(page: Page, text: string): void {
  page.lines.push(page.indent + text);
}

/** Gives a value its name. Returns `name: type`, as it stands where the value is made. */
function define(page: OpenPage, value: Value, hint: string): string {
  const name = page.fresh(value.name ?? hint);
  page.names.set(value, name);
  return `${name}: ${printType(value.type)}`;
}

function nameOf(page: Page, value: Value): string {
  return page.names.get(value) ?? "(not in this graph)";
}

function printNode(page: OpenPage, node: Node): void {
  // A scalar constant is written where it is used.
  if (node.op === "Constant" && node.attributes.value.shape.length === 0) {
    for (const output of node.outputs) page.names.set(output, printTensor(node.attributes.value));
    return;
  }
  const results = node.outputs.map((output) => define(page, output, node.op.toLowerCase())).join(", ");
  const operands = node.op === "Scan" ? [] : node.inputs.map((input) => nameOf(page, input));
  line(page, `${results} = ${node.op}(${[...operands, ...printAttributes(node)].join(", ")})`);
  if (node.op === "Scan") printBody(page, node);
}

/** What each step starts from and leaves. A captured value goes by its name outside. */
function printBody(outer: Page, { attributes, inputs, outputs }: NodeOf<"Scan">): void {
  const { body, states, scans } = attributes;
  const page: OpenPage = { ...outer, names: new Map(), indent: `${outer.indent}  ` };
  const captured: string[] = [];
  body.inputs.forEach((input, index) => {
    const from = nameOf(outer, at(inputs, index));
    if (index < states) line(page, `state ${define(page, input, "state")} = ${from}`);
    else if (index < states + scans) line(page, `slice ${define(page, input, "slice")} = ${from}`);
    else {
      page.names.set(input, from);
      captured.push(from);
    }
  });
  if (captured.length > 0) line(page, `capture ${captured.join(", ")}`);
  for (const node of body.nodes) printNode(page, node);
  body.outputs.forEach((output, index) => {
    const name = index < states ? nameOf(page, at(body.inputs, index)) : nameOf(outer, at(outputs, index));
    line(page, `${index < states ? "next" : "stack"} ${name} = ${nameOf(page, output)}`);
  });
}
