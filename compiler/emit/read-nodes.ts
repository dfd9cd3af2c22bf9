/** The nodes of any ONNX model with what decides where they run: attributes, element types, the loops around them. */
import { dtypeName, readSparse, readTensor, readText, readValue } from "./read-tensor.js";
import { ATTRIBUTE, FUNCTION, fields, GRAPH, MODEL, NODE } from "./wire.js";

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
const results: ReadonlyMap<string, string | number> = new Map<string, string | number>([
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
const deepest = 100;

/** @param bytes of a model that `readModel` has read. */
export function readNodes(bytes: Uint8Array): readonly ModelNode[] {
  const nodes: ModelNode[] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === MODEL.graph) readGraph(content, { nodes, types: new Map(), inLoop: false, depth: 0, fed: [] });
    if (field === MODEL.functions)
      for (const part of fields(content))
        if (part.field === FUNCTION.node)
          readNode(part.bytes, { nodes, types: new Map(), inLoop: false, depth: 0, fed: [] });
  }
  return nodes;
}

interface Place {
  readonly nodes: ModelNode[];
  readonly types: Map<string, string>;
  readonly inLoop: boolean;
  readonly depth: number;
  /** What the graph's inputs are fed with, where they do not say their type. */
  readonly fed: readonly string[];
}

/** Returns the types of the graph's outputs. */
function readGraph(bytes: Uint8Array, place: Place): readonly string[] {
  if (place.depth > deepest) return [];
  const parts = [...fields(bytes)];
  const inputs = parts.filter(({ field }) => field === GRAPH.input).map((part) => readValue(part.bytes));
  for (const [index, { name, dtype }] of inputs.entries())
    place.types.set(name, dtype === "unknown" ? (place.fed[index] ?? dtype) : dtype);
  for (const { field, bytes: content } of parts) {
    if (field === GRAPH.initializer || field === GRAPH.sparseInitializer) {
      const { name, dtype } = field === GRAPH.initializer ? readTensor(content) : readSparse(content);
      place.types.set(name, dtype);
    }
    if (field === GRAPH.valueInfo || field === GRAPH.output) {
      const { name, dtype } = readValue(content);
      if (dtype !== "unknown") place.types.set(name, dtype);
    }
  }
  for (const { field, bytes: content } of parts) if (field === GRAPH.node) readNode(content, place);
  return parts
    .filter(({ field }) => field === GRAPH.output)
    .map(({ bytes: content }) => place.types.get(readValue(content).name) ?? "unknown");
}

function readNode(bytes: Uint8Array, place: Place): void {
  const { nodes, types, inLoop, depth } = place;
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
  const read = attributes.map(readAttribute);
  const node: ModelNode = {
    domain: domain === "" ? "ai.onnx" : domain,
    operator,
    attributes: new Map(read.map(({ name, value }) => [name, value])),
    inputs,
    outputs: outputs.map((name) => name !== ""),
    inLoop,
  };
  nodes.push(node);
  const loops = operator === "Scan" || operator === "Loop";
  const inner = read
    .flatMap(({ graphs }) => graphs)
    .map((graph) =>
      readGraph(graph, {
        nodes,
        types: new Map(types),
        inLoop: inLoop || loops,
        depth: depth + 1,
        // A Loop's body reads the step and the condition first, and its operands from the third on.
        fed: operator === "Loop" ? ["int64", "bool", ...inputs.slice(2)] : inputs,
      }),
    );
  const given = inner[0] ?? [];
  const own = operator === "Loop" ? given.slice(1) : given;
  for (const [index, name] of outputs.entries())
    if (!types.has(name) || types.get(name) === "unknown")
      types.set(name, (inner.length > 0 ? own[index] : resultOf(node, read)) ?? "unknown");
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

function resultOf({ operator, inputs, attributes }: ModelNode, read: readonly Attribute[]): string {
  const told = results.get(operator);
  if (typeof told === "string") return told;
  const to = attributes.get("to");
  if (operator === "Cast" && typeof to === "number") return dtypeName(to);
  const value = read.find(({ dtype }) => dtype !== undefined)?.dtype;
  if (operator === "Constant" || operator === "ConstantOfShape") return value ?? "float32";
  return inputs[told ?? 0] ?? "unknown";
}
