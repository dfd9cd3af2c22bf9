/** A graph while it is being written: nodes so far, what its values are called, and which sizes its inputs tell. */
import type { onnx } from "onnx-proto";
import { at, expectDefined } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Graph, Tensor, Value } from "../../ir/types.js";
import { tensorProto } from "./proto.js";

/** A value that is another one, times a number. */
export interface Scaled {
  /** The other one, by name. */
  readonly base: string;
  readonly factor: number;
}

/** What all graphs of one model share. */
export interface ModelContext {
  readonly opset: number;
  /** Bodies see the names of the graphs around them, so every name in a model is the only one of its kind. */
  readonly freshName: (hint: string) => string;
  /** Constants of all graphs stand in the main graph, each content once. */
  readonly initializers: onnx.ITensorProto[];
  /** Names that some node reads. */
  readonly usedNames: Set<string>;
  /** Names of initializers by content. */
  readonly constants: Map<string, string>;
  /** Constants of rank 0, by name. */
  readonly scalars: Map<string, Tensor>;
  /** Writes the nodes of a graph whose inputs have their names. */
  readonly writeNodes: (graph: Graph, scope: Scope) => void;
}

export interface Scope {
  readonly model: ModelContext;
  /** The graph whose Scan this one is the body of. */
  readonly parent: Scope | undefined;
  readonly nodes: onnx.INodeProto[];
  readonly names: Map<Value, string>;
  /** For each symbolic dim of an input: that input, and the axis. */
  readonly symbolSources: Map<string, { readonly input: string; readonly axis: number }>;
  /** For each value that is another of this graph times a number: which, and the number. */
  readonly scaled: Map<Value, Scaled>;
  /** Names of computed sizes, by the dims that they are of. */
  readonly sizeNames: Map<string, string>;
}

export function openScope(model: ModelContext, parent: Scope | undefined): Scope {
  return {
    model,
    parent,
    nodes: [],
    names: new Map(),
    symbolSources: new Map(),
    scaled: new Map(),
    sizeNames: new Map(),
  };
}

/** Gives an input its name, and learns the sizes that it tells. */
export function declareInput(scope: Scope, input: Value, name: string): void {
  scope.names.set(input, name);
  input.type.shape.forEach((dim, axis) => {
    if (typeof dim === "string" && !scope.symbolSources.has(dim)) scope.symbolSources.set(dim, { input: name, axis });
  });
}

export function nameOf(scope: Scope, value: Value): string {
  return expectDefined(scope.names.get(value), `what goes by the name of ${value.name}`);
}

/** The name of a node's result: the one that it was promised, or a new one. */
export function nameResult(scope: Scope, value: Value, hint: string): string {
  const existing = scope.names.get(value);
  if (existing !== undefined) return existing;
  const name = scope.model.freshName(value.name ?? hint);
  scope.names.set(value, name);
  return name;
}

/** Appends a node, which goes by the name of its first result. */
export function appendNode(
  scope: Scope,
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly onnx.IAttributeProto[] = [],
): void {
  for (const name of input) scope.model.usedNames.add(name);
  scope.nodes.push({
    opType,
    name: at(output, 0),
    input: [...input],
    output: [...output],
    attribute: [...attribute],
  });
}

/** Appends a node with one new result, and returns the result's name. */
export function emitValue(
  scope: Scope,
  opType: string,
  input: readonly string[],
  attribute: readonly onnx.IAttributeProto[] = [],
): string {
  const name = scope.model.freshName(opType.toLowerCase());
  appendNode(scope, opType, input, [name], attribute);
  return name;
}

/** The name of a constant, which is made when nothing equal is there. */
export function constant({ model }: Scope, value: Tensor, hint: string): string {
  const proto = tensorProto(value);
  const bytes = Buffer.from(proto.rawData as Uint8Array).toString("latin1");
  const key = `${value.dtype} ${value.shape.join()} ${bytes}`;
  const existing = model.constants.get(key);
  if (existing !== undefined) return existing;
  const name = model.freshName(hint);
  model.constants.set(key, name);
  model.initializers.push({ ...proto, name });
  if (value.shape.length === 0) model.scalars.set(name, value);
  return name;
}

/** An int64 vector. */
export function vector(scope: Scope, values: readonly number[], hint: string): string {
  return constant(scope, tensor("int64", [values.length], values), hint);
}

/** An int64 scalar. */
export function integer(scope: Scope, value: number, hint: string): string {
  return constant(scope, tensor("int64", [], [value]), hint);
}
