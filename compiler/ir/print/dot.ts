/** Graphs in Graphviz's DOT language: nodes are boxes, values are edges, loop bodies are clusters. */

import { at, expectDefined } from "../expect.js";
import type { Graph, Node, NodeOf, Value } from "../types.js";
import { printAttributes, printTensor, printType } from "./format.js";

const styles = {
  operator: 'shape=box, style="rounded,filled", fillcolor="#f4f4f4"',
  parameter: 'shape=box, style=filled, fillcolor="#cfe3ff"',
  data: 'shape=parallelogram, style=filled, fillcolor="#d9f2d9"',
  constant: 'shape=box, style="filled,dashed", fillcolor="#fff3c4"',
  state: 'shape=cds, style=filled, fillcolor="#ffe0cc"',
  output: 'shape=ellipse, style=filled, fillcolor="#eadcf7"',
} as const;

/** The drawing so far, with the boxes of the visible values. */
interface Drawing {
  readonly boxes: string[];
  /** Kept out of the clusters: an edge inside a cluster would pull both its ends into it. */
  readonly edges: string[];
  readonly indent: string;
  readonly fresh: (prefix: string) => string;
  /** The box of each value's producer. */
  readonly sources: Map<Value, string>;
  /** Scalar constants have no box: they are part of the labels of their readers. */
  readonly scalars: Map<Value, string>;
}

/** The same graph gives the same text. */
export function toDot(graph: Graph): string {
  let boxCount = 0;
  const fresh = (prefix: string) => `${prefix}${boxCount++}`;
  const drawing: Drawing = { boxes: [], edges: [], indent: "  ", fresh, sources: new Map(), scalars: new Map() };
  for (const input of graph.inputs) {
    // A path (`rnn/0/W`) names a parameter or a state of the model, a plain word (`inputs`) a batch of data.
    const style = input.name?.includes("/") ? styles.parameter : styles.data;
    drawing.sources.set(input, box(drawing, [input.name ?? "input", printType(input.type)], style));
  }
  for (const node of graph.nodes) drawNode(drawing, node);
  graph.outputs.forEach((output, index) => {
    const label = withScalar(drawing, output.name ?? `output ${index}`, output);
    connect(drawing, output, box(drawing, [label, printType(output.type)], styles.output));
  });
  const lines = [
    `digraph ${quote([graph.name])} {`,
    '  node [fontname="Helvetica", fontsize=10];',
    '  edge [fontname="Helvetica", fontsize=8];',
    ...drawing.boxes,
    ...drawing.edges,
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** One or more lines as a quoted DOT string. */
function quote(lines: readonly string[]): string {
  return `"${lines.map((text) => text.replace(/[\\"]/g, "\\$&")).join("\\n")}"`;
}

function writeLine(drawing: Drawing, text: string): void {
  drawing.boxes.push(drawing.indent + text);
}

function box(drawing: Drawing, label: readonly string[], style: string): string {
  const id = drawing.fresh("n");
  writeLine(drawing, `${id} [label=${quote(label)}, ${style}];`);
  return id;
}

/** Draws an edge from the value's producer, if it has a box. */
function connect(drawing: Drawing, value: Value, target: string): void {
  const source = drawing.sources.get(value);
  const label = value.name === undefined ? "" : ` [label=${quote([value.name])}]`;
  if (source !== undefined) drawing.edges.push(`  ${source} -> ${target}${label};`);
}

/** The label, with the value's number where it is a scalar constant. */
function withScalar(drawing: Drawing, label: string, value: Value): string {
  const scalar = drawing.scalars.get(value);
  return scalar === undefined ? label : `${label} = ${scalar}`;
}

function drawNode(drawing: Drawing, node: Node): void {
  if (node.op === "Scan") drawScan(drawing, node);
  else if (node.op === "Constant") drawConstant(drawing, node);
  else {
    const types = node.outputs.map((output) => printType(output.type)).join(", ");
    const id = box(drawing, [operationLabel(drawing, node), types], styles.operator);
    for (const input of node.inputs) connect(drawing, input, id);
    for (const output of node.outputs) drawing.sources.set(output, id);
  }
}

/** The operator with its attributes, and with its operands where one of them is a scalar: `Sub(1.0, ·)`. */
function operationLabel({ scalars }: Drawing, node: Node): string {
  const operands = node.inputs.map((input) => scalars.get(input) ?? "·");
  const call = operands.some((operand) => operand !== "·") ? `${node.op}(${operands.join(", ")})` : node.op;
  return [call, ...printAttributes(node)].join(" ");
}

function drawConstant(drawing: Drawing, { attributes: { value }, outputs }: NodeOf<"Constant">): void {
  const text = printTensor(value);
  for (const output of outputs) {
    if (value.shape.length === 0) drawing.scalars.set(output, text);
    else drawing.sources.set(output, box(drawing, [printType(value), text], styles.constant));
  }
}

function drawScan(outer: Drawing, { inputs, outputs, attributes }: NodeOf<"Scan">): void {
  const { body, stateCount, scanCount, length, reverse } = attributes;
  const drawing: Drawing = { ...outer, indent: `${outer.indent}  `, sources: new Map(), scalars: new Map() };
  writeLine(outer, `subgraph ${outer.fresh("cluster_")} {`);
  writeLine(drawing, `label=${quote([`Scan ${body.name}, ${length} steps${reverse ? ", from the last" : ""}`])};`);
  writeLine(drawing, 'fontname="Helvetica"; fontsize=10; style="rounded"; color="#888888";');
  body.inputs.forEach((input, index) => {
    const operand = at(inputs, index);
    const source = outer.sources.get(operand);
    if (index < stateCount + scanCount) {
      const label = withScalar(outer, `${index < stateCount ? "state" : "slice"} ${input.name ?? ""}`.trim(), operand);
      const id = box(drawing, [label, printType(input.type)], styles.state);
      drawing.sources.set(input, id);
      connect(outer, operand, id);
    } else if (source !== undefined) drawing.sources.set(input, source);
    else drawing.scalars.set(input, expectDefined(outer.scalars.get(operand), "the box of a captured value"));
  });
  for (const node of body.nodes) drawNode(drawing, node);
  body.outputs.forEach((output, index) => {
    const result = at(outputs, index);
    const label = `${index < stateCount ? "last" : "stacked"} ${result.name ?? ""}`.trim();
    const id = box(drawing, [withScalar(drawing, label, output), printType(result.type)], styles.state);
    connect(drawing, output, id);
    outer.sources.set(result, id);
    const state = index < stateCount ? body.inputs[index] : undefined;
    const stateBox = state && drawing.sources.get(state);
    // The edge to the next step, which must not constrain the ranks.
    if (stateBox !== undefined) drawing.edges.push(`  ${id} -> ${stateBox} [style=dashed, constraint=false];`);
  });
  writeLine(outer, "}");
}
