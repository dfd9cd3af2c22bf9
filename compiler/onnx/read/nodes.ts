/** The nodes of any ONNX model with what decides where they run: attributes, element types, the loops around them. */

import { ATTRIBUTE, FUNCTION, fields, GRAPH, MODEL, NODE } from "../protobuf.js";
import { dtypeName, readSparseTensor, readTensor, readText, readValueInfo } from "./tensors.js";

export interface ModelNode {
  /** The standard domain is "ai.onnx". */
  readonly domain: string;
  readonly operator: string;
  /** Integers and texts by name; null where an attribute has another type. */
  readonly attributes: ReadonlyMap<string, number | string | readonly string[] | null>;
  /** Element types by position; "" where an input is left out, "unknown" where it cannot be told. */
  readonly inputs: readonly string[];
  /** Whether each output is asked for. */
  readonly outputs: readonly boolean[];
  /** In the body of a Scan or Loop, at whatever depth. */
  readonly inLoop: boolean;
}

/** What operators put out where it is not what they read first: an element type, or the position of the input that has it. */
const resultTypes: ReadonlyMap<string, string | number> = new Map<string, string | number>([
  ...["Shape", "Size", "ArgMax", "ArgMin", "NonZero"].map((name) => [name, "int64"] as const),
  ...["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf"].map(
    (name) => [name, "bool"] as const,
  ),
  ["Where", 1],
  ["OneHot", 2],
  ["DequantizeLinear", 1],
  ["QuantizeLinear", 2],
  ["DynamicQuantizeLinear", "uint8"],
  ["MatMulInteger", "int32"],
]);

/** Graphs within graphs; the reader of models has refused deeper ones. */
const MAX_GRAPH_DEPTH = 100;

/** @param bytes of a model that `readModel` has read. */
export function readNodes(bytes: Uint8Array): readonly ModelNode[] {
  const nodes: ModelNode[] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === MODEL.graph) readGraph(content, { nodes, types: new Map(), inLoop: false, depth: 0, outerTypes: [] });
    if (field === MODEL.functions)
      for (const entry of fields(content))
        if (entry.field === FUNCTION.node)
          readNode(entry.bytes, { nodes, types: new Map(), inLoop: false, depth: 0, outerTypes: [] });
  }
  return nodes;
}

interface GraphContext {
  readonly nodes: ModelNode[];
  readonly types: Map<string, string>;
  readonly inLoop: boolean;
  readonly depth: number;
  /** What the graph's inputs are fed with, where they do not say their type. */
  readonly outerTypes: readonly string[];
}

/** Returns the types of the graph's outputs. */
function readGraph(bytes: Uint8Array, context: GraphContext): readonly string[] {
  if (context.depth > MAX_GRAPH_DEPTH) return [];
  const graphFields = [...fields(bytes)];
  const inputs = graphFields.filter(({ field }) => field === GRAPH.input).map((entry) => readValueInfo(entry.bytes));
  for (const [index, { name, dtype }] of inputs.entries())
    context.types.set(name, dtype === "unknown" ? (context.outerTypes[index] ?? dtype) : dtype);
  for (const { field, bytes: content } of graphFields) {
    if (field === GRAPH.initializer || field === GRAPH.sparseInitializer) {
      const { name, dtype } = field === GRAPH.initializer ? readTensor(content) : readSparseTensor(content);
      context.types.set(name, dtype);
    }
    if (field === GRAPH.valueInfo || field === GRAPH.output) {
      const { name, dtype } = readValueInfo(content);
      if (dtype !== "unknown") context.types.set(name, dtype);
    }
  }
  for (const { field, bytes: content } of graphFields) if (field === GRAPH.node) readNode(content, context);
  return graphFields
    .filter(({ field }) => field === GRAPH.output)
    .map(({ bytes: content }) => context.types.get(readValueInfo(content).name) ?? "unknown");
}

function readNode(bytes: Uint8Array, context: GraphContext): void {
  const { nodes, types, inLoop, depth } = context;
  const [names, outputs]: [string[], string[]] = [[], []];
  const attributes: Uint8Array[] = [];
  let [operator, domain] = ["", ""];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === NODE.input) names.push(readText(content));
    else if (field === NODE.output) outputs.push(readText(content));
    else if (field === NODE.operator) operator = readText(content);
    else if (field === NODE.domain) domain = readText(content);
    else if (field === NODE.attribute) attributes.push(content);
  }
  const inputs = names.map((name) => (name === "" ? "" : (types.get(name) ?? "unknown")));
  const parsedAttributes = attributes.map(readAttribute);
  const node: ModelNode = {
    domain: domain === "" ? "ai.onnx" : domain,
    operator,
    attributes: new Map(parsedAttributes.map(({ name, value }) => [name, value])),
    inputs,
    outputs: outputs.map((name) => name !== ""),
    inLoop,
  };
  nodes.push(node);
  const isLoop = operator === "Scan" || operator === "Loop";
  const bodyOutputs = parsedAttributes
    .flatMap(({ graphs }) => graphs)
    .map((graph) =>
      readGraph(graph, {
        nodes,
        types: new Map(types),
        inLoop: inLoop || isLoop,
        depth: depth + 1,
        // A Loop's body reads the step and the condition first, and its operands from the third on.
        outerTypes: operator === "Loop" ? ["int64", "bool", ...inputs.slice(2)] : inputs,
      }),
    );
  const firstBodyOutputs = bodyOutputs[0] ?? [];
  const outputTypes = operator === "Loop" ? firstBodyOutputs.slice(1) : firstBodyOutputs;
  for (const [index, name] of outputs.entries())
    if (!types.has(name) || types.get(name) === "unknown")
      types.set(name, (bodyOutputs.length > 0 ? outputTypes[index] : inferType(node, parsedAttributes)) ?? "unknown");
}

interface Attribute {
  readonly name: string;
  readonly value: number | string | readonly string[] | null;
  readonly graphs: readonly Uint8Array[];
  /** The element type of a tensor. */
  readonly dtype: string | undefined;
}

function readAttribute(bytes: Uint8Array): Attribute {
  let name = "";
  let value: Attribute["value"] = null;
  let dtype: string | undefined;
  const texts: string[] = [];
  const graphs: Uint8Array[] = [];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === ATTRIBUTE.name) name = readText(content);
    else if (field === ATTRIBUTE.integer) value = number;
    else if (field === ATTRIBUTE.text) value = readText(content);
    else if (field === ATTRIBUTE.texts) texts.push(readText(content));
    else if (field === ATTRIBUTE.tensor) dtype = readTensor(content).dtype;
    else if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) graphs.push(content);
  }
  return { name, value: texts.length > 0 ? texts : value, graphs, dtype };
}

function inferType({ operator, inputs, attributes }: ModelNode, parsedAttributes: readonly Attribute[]): string {
  const rule = resultTypes.get(operator);
  if (typeof rule === "string") return rule;
  const to = attributes.get("to");
  if (operator === "Cast" && typeof to === "number") return dtypeName(to);
  const value = parsedAttributes.find(({ dtype }) => dtype !== undefined)?.dtype;
  if (operator === "Constant" || operator === "ConstantOfShape") return value ?? "float32";
  return inputs[rule ?? 0] ?? "unknown";
}
