/** The graph of any ONNX model as names: what each node reads and makes, and the graphs within it. */

import { ATTRIBUTE, fields, GRAPH, MODEL, NODE } from "../protobuf.js";
import { type ModelTensor, readTensor, readText, readValueInfo } from "./tensors.js";

export interface NamedGraph {
  readonly name: string;
  /** Without those that are initializers too. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly initializers: readonly ModelTensor[];
  readonly nodes: readonly NamedNode[];
}

export interface NamedNode {
  /** With its domain where that is not the standard one. */
  readonly operator: string;
  /** "" where one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are integers or texts, as `name=value`; of others the name alone. */
  readonly attributes: readonly string[];
  /** Graphs by the attribute that holds each. */
  readonly bodies: readonly { readonly attribute: string; readonly graph: NamedGraph }[];
}

/** @param bytes of a model that `readModel` has read, so that its nesting is bounded. */
export function readGraph(bytes: Uint8Array): NamedGraph {
  const main = [...fields(bytes)].find(({ field }) => field === MODEL.graph);
  return readGraphProto(main?.bytes ?? new Uint8Array());
}

function readGraphProto(bytes: Uint8Array): NamedGraph {
  let name = "";
  const [inputs, outputs, initializers]: [ModelTensor[], ModelTensor[], ModelTensor[]] = [[], [], []];
  const nodes: NamedNode[] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === GRAPH.name) name = readText(content);
    else if (field === GRAPH.input) inputs.push(readValueInfo(content));
    else if (field === GRAPH.output) outputs.push(readValueInfo(content));
    else if (field === GRAPH.initializer) initializers.push(readTensor(content));
    else if (field === GRAPH.node) nodes.push(readNodeProto(content));
  }
  const initializerNames = new Set(initializers.map((tensor) => tensor.name));
  return { name, inputs: inputs.filter((input) => !initializerNames.has(input.name)), outputs, initializers, nodes };
}

function readNodeProto(bytes: Uint8Array): NamedNode {
  let [operator, domain] = ["", ""];
  const [inputs, outputs, attributes]: [string[], string[], string[]] = [[], [], []];
  const bodies: NamedNode["bodies"][number][] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === NODE.operator) operator = readText(content);
    else if (field === NODE.domain) domain = readText(content);
    else if (field === NODE.input) inputs.push(readText(content));
    else if (field === NODE.output) outputs.push(readText(content));
    else if (field === NODE.attribute) {
      const { text, graphs } = readAttributeProto(content);
      if (graphs.length === 0) attributes.push(text);
      for (const graph of graphs) bodies.push({ attribute: text, graph });
    }
  }
  const operatorName = domain === "" || domain === "ai.onnx" ? operator : `${domain}.${operator}`;
  return { operator: operatorName, inputs, outputs, attributes, bodies };
}

function readAttributeProto(bytes: Uint8Array): { readonly text: string; readonly graphs: readonly NamedGraph[] } {
  let name = "";
  let value: string | undefined;
  const graphs: NamedGraph[] = [];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === ATTRIBUTE.name) name = readText(content);
    else if (field === ATTRIBUTE.integer) value = `${number}`;
    else if (field === ATTRIBUTE.text) value = readText(content);
    else if (field === ATTRIBUTE.tensor) value = tensorText(readTensor(content));
    else if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) graphs.push(readGraphProto(content));
  }
  return { text: value === undefined || graphs.length > 0 ? name : `${name}=${value}`, graphs };
}

function tensorText({ dtype, shape }: ModelTensor): string {
  return `${dtype}[${(shape ?? ["?"]).join(", ")}]`;
}

/** How many nodes there are, those of the graphs within included. */
export function countNodes({ nodes }: NamedGraph): number {
  return nodes.reduce(
    (sum, { bodies }) => sum + 1 + bodies.reduce((inner, { graph }) => inner + countNodes(graph), 0),
    0,
  );
}
