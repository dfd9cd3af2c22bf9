/** The graph of any ONNX model as names: inputs and outputs of each node, and nested graphs. */

import { fields, GRAPH, MODEL } from "../protobuf.js";
import { type AttributeFields, readNodeFields } from "./node-proto.js";
import { type ModelTensor, readTensor, readText, readValueInfo } from "./tensors.js";

export interface NamedGraph {
  readonly name: string;
  /** Without initializers that are listed as inputs too. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly initializers: readonly ModelTensor[];
  readonly nodes: readonly NamedNode[];
}

export interface NamedNode {
  /** With its domain, unless that is the standard one. */
  readonly operator: string;
  /** "" for an omitted input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers, strings and tensor types as `name=value`; the name alone for other attributes. */
  readonly attributes: readonly string[];
  /** Nested graphs by attribute. */
  readonly bodies: readonly { readonly attribute: string; readonly graph: NamedGraph }[];
}

/** @param bytes of a model that `readModel` accepts, so that its nesting is bounded. */
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
  const { domain, operator, attributes, inputs, outputs } = readNodeFields(bytes);
  return {
    operator: domain === "ai.onnx" ? operator : `${domain}.${operator}`,
    inputs,
    outputs,
    attributes: attributes.filter(({ graphs }) => graphs.length === 0).map(attributeText),
    bodies: attributes.flatMap(({ name, graphs }) =>
      graphs.map((graph) => ({ attribute: name, graph: readGraphProto(graph) })),
    ),
  };
}

function attributeText({ name, value, tensor }: AttributeFields): string {
  if (tensor !== undefined) return `${name}=${tensorText(tensor)}`;
  return value === null || Array.isArray(value) ? name : `${name}=${value}`;
}

function tensorText({ dtype, shape }: ModelTensor): string {
  return `${dtype}[${(shape ?? ["?"]).join(", ")}]`;
}

/** The number of nodes, including those of nested graphs. */
export function countNodes({ nodes }: NamedGraph): number {
  return nodes.reduce(
    (sum, { bodies }) => sum + 1 + bodies.reduce((inner, { graph }) => inner + countNodes(graph), 0),
    0,
  );
}
