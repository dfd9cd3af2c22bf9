/** A graph under construction: its nodes, the names of its values, and the sizes of its inputs. */

import { at, expectDefined } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Graph, Tensor, Value } from "../../ir/types.js";
import type { AttributeProto, NodeProto, TensorProto } from "./messages.js";
import { tensorProto } from "./proto.js";

/** A value that is the product of another value and a number. */
export interface Scaled {
  /** Name of the other value. */
  readonly base: string;
  readonly factor: number;
}

/** State shared by all graphs of one model. */
export interface ModelContext {
  readonly opset: number;
  /** A name that is unique in the model: bodies see the names of the graphs around them. */
  readonly freshName: (hint: string) => string;
  /** Constants of all graphs, in the main graph, without duplicates. */
  readonly initializers: TensorProto[];
  /** Names that nodes read. */
  readonly usedNames: Set<string>;
  /** Names of initializers by content. */
  readonly constants: Map<string, string>;
  /** Constants of rank 0, by name. */
  readonly scalars: Map<string, Tensor>;
  /** Writes the nodes of a graph whose inputs are declared. */
  readonly writeNodes: (graph: Graph, scope: Scope) => void;
}

export interface Scope {
  readonly model: ModelContext;
  /** The graph of the Scan whose body this graph is. */
  readonly parent: Scope | undefined;
  readonly nodes: NodeProto[];
  readonly names: Map<Value, string>;
  /** Values of this graph that its nodes read, or that are its outputs. */
  readonly read: Set<Value>;
  /** For each symbolic dim: an input with that dim, and its axis. */
  readonly symbolSources: Map<string, { readonly input: string; readonly axis: number }>;
  /** Values of this graph that are scalings of others. */
  readonly scaled: Map<Value, Scaled>;
  /** Names of computed sizes by dim. */
  readonly sizeNames: Map<string, string>;
}

export function openScope(model: ModelContext, parent: Scope | undefined): Scope {
  return {
    model,
    parent,
    nodes: [],
    names: new Map(),
    read: new Set(),
    symbolSources: new Map(),
    scaled: new Map(),
    sizeNames: new Map(),
  };
}

/** Names an input, and records its symbolic dims. */
export function declareInput(scope: Scope, input: Value, name: string): void {
  scope.names.set(input, name);
  input.type.shape.forEach((dim, axis) => {
    if (typeof dim === "string" && !scope.symbolSources.has(dim)) scope.symbolSources.set(dim, { input: name, axis });
  });
}

export function nameOf(scope: Scope, value: Value): string {
  return expectDefined(scope.names.get(value), `the name of ${value.name}`);
}

/** The name of a node's result: its reserved name, or a new one. */
export function nameResult(scope: Scope, value: Value, hint: string): string {
  const existing = scope.names.get(value);
  if (existing !== undefined) return existing;
  const name = scope.model.freshName(value.name ?? hint);
  scope.names.set(value, name);
  return name;
}

/** Appends a node, named after its first result. */
export function appendNode(
  scope: Scope,
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly AttributeProto[] = [],
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
  attribute: readonly AttributeProto[] = [],
): string {
  const name = scope.model.freshName(opType.toLowerCase());
  appendNode(scope, opType, input, [name], attribute);
  return name;
}

/** The name of a constant. Equal constants share one initializer. */
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
