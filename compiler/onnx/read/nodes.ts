/** The nodes of any ONNX model with the facts that decide their kernel: attributes, element types, enclosing loops. */

import { dataTypeName, FUNCTION, fields, GRAPH, MODEL } from "../protobuf.js";
import { type AttributeFields, MAX_GRAPH_DEPTH, readNodeFields } from "./node-proto.js";
import { readSparseTensor, readTensor, readValueInfo } from "./tensors.js";

export interface ModelNode {
  /** The standard domain is "ai.onnx". */
  readonly domain: string;
  readonly operator: string;
  /** Integers and strings by name; null for an attribute of another type. */
  readonly attributes: ReadonlyMap<string, number | string | readonly string[] | null>;
  /** Element types by position; "" for an omitted input, "unknown" if the type cannot be inferred. */
  readonly inputs: readonly string[];
  /** False for an omitted output. */
  readonly outputs: readonly boolean[];
  /** True in the body of a Scan or Loop, at any depth. */
  readonly inLoop: boolean;
  /** Names of the inputs and outputs by position, in the scope of the graph. */
  readonly names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  readonly graph: NodeGraph;
  /** An input that no input, initializer or earlier node defines: the graph has a cycle, or a part is missing. */
  readonly undefinedInput: string | null;
}

/** The main graph, a function, or a body. */
export interface NodeGraph {
  /** Its inputs that are no initializers. */
  readonly inputs: ReadonlySet<string>;
  /** Elements of its initializers and of those of the graphs around it, by name. */
  readonly initializers: ReadonlyMap<string, number>;
}

/** Element types of results, unless that of the first input: a type, or the position of the input that has it. */
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

/** @param bytes of a model that `readModel` accepts. */
export function readNodes(bytes: Uint8Array): readonly ModelNode[] {
  const nodes: ModelNode[] = [];
  const root = { nodes, inLoop: false, depth: 0, outerTypes: [], initializers: new Map<string, number>() };
  const defined = new Set<string>();
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === MODEL.graph) readGraph(content, { ...root, types: new Map(), defined });
    if (field === MODEL.functions)
      for (const entry of fields(content))
        if (entry.field === FUNCTION.node)
          readNode(
            entry.bytes,
            { ...root, types: new Map(), defined: null },
            { inputs: new Set(), initializers: root.initializers },
          );
  }
  return nodes;
}

interface GraphContext {
  readonly nodes: ModelNode[];
  readonly types: Map<string, string>;
  /** Names that are defined so far, in the graphs around too; null in functions, whose names are not checked. */
  readonly defined: Set<string> | null;
  readonly inLoop: boolean;
  readonly depth: number;
  /** Types of the operands, for graph inputs without a declared type. */
  readonly outerTypes: readonly string[];
  /** Elements of the initializers of the graphs around. */
  readonly initializers: ReadonlyMap<string, number>;
}

/** @returns the types of the graph's outputs. */
function readGraph(bytes: Uint8Array, context: GraphContext): readonly string[] {
  if (context.depth > MAX_GRAPH_DEPTH) return [];
  const graphFields = [...fields(bytes)];
  const inputs = graphFields.filter(({ field }) => field === GRAPH.input).map((entry) => readValueInfo(entry.bytes));
  for (const [index, { name, dtype }] of inputs.entries())
    context.types.set(name, dtype === "unknown" ? (context.outerTypes[index] ?? dtype) : dtype);
  const initializers = new Map(context.initializers);
  for (const { field, bytes: content } of graphFields) {
    if (field === GRAPH.initializer || field === GRAPH.sparseInitializer) {
      const { name, dtype, shape } = field === GRAPH.initializer ? readTensor(content) : readSparseTensor(content);
      context.types.set(name, dtype);
      initializers.set(
        name,
        (shape ?? []).reduce<number>((count, size) => count * Number(size), 1),
      );
    }
    if (field === GRAPH.valueInfo || field === GRAPH.output) {
      const { name, dtype } = readValueInfo(content);
      if (dtype !== "unknown") context.types.set(name, dtype);
    }
  }
  const names = inputs.map(({ name }) => name);
  for (const name of [...names, ...initializers.keys()]) context.defined?.add(name);
  const graph = { inputs: new Set(names.filter((name) => !initializers.has(name))), initializers };
  for (const { field, bytes: content } of graphFields) if (field === GRAPH.node) readNode(content, context, graph);
  return graphFields
    .filter(({ field }) => field === GRAPH.output)
    .map(({ bytes: content }) => context.types.get(readValueInfo(content).name) ?? "unknown");
}

function readNode(bytes: Uint8Array, context: GraphContext, graph: NodeGraph): void {
  const { nodes, types, inLoop, depth } = context;
  const { domain, operator, inputs: names, outputs, attributes } = readNodeFields(bytes);
  const inputs = names.map((name) => (name === "" ? "" : (types.get(name) ?? "unknown")));
  const node: ModelNode = {
    domain,
    operator,
    attributes: new Map(attributes.map(({ name, value }) => [name, value])),
    inputs,
    outputs: outputs.map((name) => name !== ""),
    inLoop,
    names: { inputs: names, outputs },
    graph,
    undefinedInput: names.find((name) => name !== "" && context.defined?.has(name) === false) ?? null,
  };
  nodes.push(node);
  const isLoop = operator === "Scan" || operator === "Loop";
  const bodyOutputs = attributes
    .flatMap(({ graphs }) => graphs)
    .map((body) =>
      readGraph(body, {
        nodes,
        types: new Map(types),
        defined: context.defined && new Set(context.defined),
        inLoop: inLoop || isLoop,
        depth: depth + 1,
        // The inputs of a Loop's body are the step, the condition, then the Loop's operands from the third on.
        outerTypes: operator === "Loop" ? ["int64", "bool", ...inputs.slice(2)] : inputs,
        initializers: graph.initializers,
      }),
    );
  const firstBodyOutputs = bodyOutputs[0] ?? [];
  const outputTypes = operator === "Loop" ? firstBodyOutputs.slice(1) : firstBodyOutputs;
  for (const name of outputs) context.defined?.add(name);
  for (const [index, name] of outputs.entries())
    if (!types.has(name) || types.get(name) === "unknown")
      types.set(name, (bodyOutputs.length > 0 ? outputTypes[index] : inferType(node, attributes)) ?? "unknown");
}

function inferType({ operator, inputs, attributes }: ModelNode, attributeFields: readonly AttributeFields[]): string {
  const rule = resultTypes.get(operator);
  if (typeof rule === "string") return rule;
  const to = attributes.get("to");
  if (operator === "Cast" && typeof to === "number") return dataTypeName(to);
  const value = attributeFields.find(({ tensor }) => tensor !== undefined)?.tensor?.dtype;
  if (operator === "Constant" || operator === "ConstantOfShape") return value ?? "float32";
  return inputs[rule ?? 0] ?? "unknown";
}
