/** A whole ONNX model as plain objects: nodes with the values of their attributes, initializers, functions. */
import { ATTRIBUTE, FUNCTION, fields, GRAPH, MODEL, NODE, OPSET, readPackedVarints } from "../protobuf.js";
import { domainName } from "./node-proto.js";
import { fixedWidth, type ReadExternal, readTensorProto, type TensorProto } from "./tensor-values.js";
import { type ModelTensor, readSparseTensor, readText, readValueInfo } from "./tensors.js";

export interface ModelProgram {
  readonly name: string;
  /** Version by domain. The standard domain is `ai.onnx`. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: GraphProto;
  /** By `functionKey`. */
  readonly functions: ReadonlyMap<string, FunctionProto>;
}

export interface GraphProto {
  /** Without initializers that are listed as inputs too. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly initializers: readonly TensorProto[];
  /** Names of sparse initializers. */
  readonly sparse: readonly string[];
  readonly nodes: readonly NodeProto[];
}

export interface NodeProto {
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  readonly overload: string;
  /** "" for an omitted input or output. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

/** The members that the attribute's type does not have are empty. */
export interface AttributeProto {
  readonly float: number | undefined;
  readonly integer: number | undefined;
  readonly text: string | undefined;
  readonly tensor: TensorProto | undefined;
  readonly graph: GraphProto | undefined;
  readonly floats: readonly number[];
  readonly integers: readonly number[];
  readonly texts: readonly string[];
  /** The attribute of the enclosing function whose value this one has. */
  readonly reference: string | undefined;
  /** True for sparse tensors, lists of tensors and lists of graphs, which are not read. */
  readonly isUnread: boolean;
}

export interface FunctionProto {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes with a default. */
  readonly defaults: ReadonlyMap<string, AttributeProto>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly NodeProto[];
}

export function functionKey({ domain, operator, overload }: Pick<NodeProto, "domain" | "operator" | "overload">) {
  return `${domain} ${operator} ${overload}`;
}

/** @param bytes of a model that `readModel` accepts, so that its nesting is bounded. */
export function readProgram(bytes: Uint8Array, external: ReadExternal): ModelProgram {
  const opsets = new Map<string, number>();
  const functions = new Map<string, FunctionProto>();
  let [name, graph]: [string, GraphProto] = ["", { inputs: [], outputs: [], initializers: [], sparse: [], nodes: [] }];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === MODEL.graph) {
      graph = readGraphProto(content, external);
      for (const entry of fields(content)) if (entry.field === GRAPH.name) name = readText(entry.bytes);
    } else if (field === MODEL.opsetImport) opsets.set(...readOpset(content));
    else if (field === MODEL.functions) {
      const [key, definition] = readFunction(content, external);
      functions.set(key, definition);
    }
  }
  return { name, opsets, graph, functions };
}

function readOpset(bytes: Uint8Array): [string, number] {
  let [domain, version] = ["", 0];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === OPSET.domain) domain = readText(content);
    if (field === OPSET.version) version = number;
  }
  return [domainName(domain), version];
}

function readGraphProto(bytes: Uint8Array, external: ReadExternal): GraphProto {
  const [inputs, outputs]: [ModelTensor[], ModelTensor[]] = [[], []];
  const initializers: TensorProto[] = [];
  const sparse: string[] = [];
  const nodes: NodeProto[] = [];
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === GRAPH.input) inputs.push(readValueInfo(content));
    else if (field === GRAPH.output) outputs.push(readValueInfo(content));
    else if (field === GRAPH.initializer) initializers.push(readTensorProto(content, external));
    else if (field === GRAPH.sparseInitializer) sparse.push(readSparseTensor(content).name);
    else if (field === GRAPH.node) nodes.push(readNode(content, external));
  }
  const stored = new Set([...initializers.map((tensor) => tensor.name), ...sparse]);
  return { inputs: inputs.filter((input) => !stored.has(input.name)), outputs, initializers, sparse, nodes };
}

function readNode(bytes: Uint8Array, external: ReadExternal): NodeProto {
  let [name, operator, domain, overload] = ["", "", "", ""];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, AttributeProto>();
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === NODE.name) name = readText(content);
    else if (field === NODE.operator) operator = readText(content);
    else if (field === NODE.domain) domain = readText(content);
    else if (field === NODE.overload) overload = readText(content);
    else if (field === NODE.input) inputs.push(readText(content));
    else if (field === NODE.output) outputs.push(readText(content));
    else if (field === NODE.attribute) attributes.set(...readAttribute(content, external));
  }
  return { name, domain: domainName(domain), operator, overload, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array, external: ReadExternal): [string, AttributeProto] {
  let name = "";
  let [float, integer, text, reference]: [number?, number?, string?, string?] = [];
  let tensor: TensorProto | undefined;
  let graph: GraphProto | undefined;
  let isUnread = false;
  const [floats, integers, texts]: [number[], number[], string[]] = [[], [], []];
  for (const { field, number, bytes: content } of fields(bytes)) {
    if (field === ATTRIBUTE.name) name = readText(content);
    else if (field === ATTRIBUTE.float) float = fixedWidth(content, 4)[0];
    else if (field === ATTRIBUTE.integer) integer = number;
    else if (field === ATTRIBUTE.text) text = readText(content);
    else if (field === ATTRIBUTE.tensor) tensor = readTensorProto(content, external);
    else if (field === ATTRIBUTE.graph) graph = readGraphProto(content, external);
    else if (field === ATTRIBUTE.floats) for (const value of fixedWidth(content, 4)) floats.push(value);
    else if (field === ATTRIBUTE.integers)
      for (const value of content.length === 0 ? [number] : readPackedVarints(content)) integers.push(value);
    else if (field === ATTRIBUTE.texts) texts.push(readText(content));
    else if (field === ATTRIBUTE.reference) reference = content.length > 0 ? readText(content) : undefined;
    else if (field === ATTRIBUTE.tensors || field === ATTRIBUTE.graphs || field === ATTRIBUTE.sparseTensor)
      isUnread = true;
  }
  return [name, { float, integer, text, tensor, graph, floats, integers, texts, reference, isUnread }];
}

function readFunction(bytes: Uint8Array, external: ReadExternal): [string, FunctionProto] {
  let [operator, domain, overload] = ["", "", ""];
  const [inputs, outputs, nodes]: [string[], string[], NodeProto[]] = [[], [], []];
  const defaults = new Map<string, AttributeProto>();
  const opsets = new Map<string, number>();
  for (const { field, bytes: content } of fields(bytes)) {
    if (field === FUNCTION.name) operator = readText(content);
    else if (field === FUNCTION.domain) domain = readText(content);
    else if (field === FUNCTION.overload) overload = readText(content);
    else if (field === FUNCTION.input) inputs.push(readText(content));
    else if (field === FUNCTION.output) outputs.push(readText(content));
    else if (field === FUNCTION.attributeProto) defaults.set(...readAttribute(content, external));
    else if (field === FUNCTION.opsetImport) opsets.set(...readOpset(content));
    else if (field === FUNCTION.node) nodes.push(readNode(content, external));
  }
  return [
    functionKey({ domain: domainName(domain), operator, overload }),
    { inputs, outputs, defaults, opsets, nodes },
  ];
}
