/** The walk over the nodes of a model: operands by name, functions inlined, constants and shapes folded, refusals collected. */
import type { Builder } from "../ir/builder.js";
import type { Node as PrimitiveNode } from "../ir/types.js";
import {
  type AttributeProto,
  type FunctionProto,
  functionKey,
  type GraphProto,
  type ModelProgram,
  type NodeProto,
} from "../onnx/read/program.js";
import type { TensorProto } from "../onnx/read/tensor-values.js";
import { foldConstants } from "./constants.js";
import type { Lowering } from "./lowering.js";
import { type BatchNormMode, type ModelNode, modelNode, type Services } from "./node.js";
import { computed, elementType, isNumeric, type Known, known, missing, type Operand } from "./operand.js";
import { lowerings, refuseOperator } from "./operators/index.js";
import { Refusal, refuse } from "./refusal.js";
import { replacedNames } from "./replaced-names.js";
import { expectSizes } from "./result-sizes.js";
import { foldSizes } from "./shape-arithmetic.js";
import type { Weights } from "./weights.js";

/** Opsets that the rules were written for. */
export const OPSETS = { first: 7, last: 26 } as const;

/** A node that the rules refuse. */
export interface RefusedNode {
  /** The node's name, or that of its first output. */
  readonly node: string;
  /** With its domain, unless that is the standard one. */
  readonly operator: string;
  /** A predicate. */
  readonly reason: string;
  readonly hint: string;
}

/** A node by the derivative of its results. */
export interface NodeSummary {
  readonly node: string;
  readonly operator: string;
  /** "constant": it was computed while the model was read. "unreached": a node before it is refused. */
  readonly gradient: "exact" | "zero" | "shape" | "constant" | "refused" | "unreached";
  /** Its nodes in the graph; none where it has no values of its own. */
  readonly primitives: readonly PrimitiveNode[];
}

export interface Walk {
  readonly refused: readonly RefusedNode[];
  readonly nodes: readonly NodeSummary[];
  graph(graph: GraphProto, inputs: ReadonlyMap<string, Operand>): readonly Operand[];
}

/** The names that the nodes of a graph may read. */
interface Scope {
  readonly b: Builder;
  readonly values: Map<string, Operand>;
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes of the call of the function around. */
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  /** Calls of functions around, and nested graphs. */
  readonly calls: readonly string[];
}

export function startWalk(
  program: ModelProgram,
  b: Builder,
  weights: Weights,
  options: { readonly batchNorm: BatchNormMode | undefined; readonly notice: (text: string) => void },
): Walk {
  const refused: RefusedNode[] = [];
  const nodes: NodeSummary[] = [];
  const replaced = replacedNames(program);

  function walkNode(node: NodeProto, scope: Scope): void {
    const definition = program.functions.get(functionKey(node));
    const operands = node.inputs.map((name) => (name === "" ? undefined : scope.values.get(name)));
    const undefinedName = node.inputs.find((name, index) => name !== "" && operands[index] === undefined);
    const standard = node.domain === "ai.onnx";
    const operator = standard ? node.operator : `${node.domain}.${node.operator}`;
    const label = node.name || node.outputs.find((name) => name !== "") || operator;
    const before = scope.b.nodes.length;
    const record = (gradient: NodeSummary["gradient"]) =>
      nodes.push({ node: label, operator, gradient, primitives: scope.b.nodes.slice(before) });
    const define = (results: readonly (Operand | undefined)[]) => {
      for (const [index, name] of node.outputs.entries()) {
        if (name === "") continue;
        if (scope.values.has(name)) refuse(`defines ${name} a second time`);
        scope.values.set(name, results[index] ?? missing);
      }
    };
    try {
      if (undefinedName !== undefined)
        refuse(
          `reads ${undefinedName}, which no node before it computes: the graph is cyclic, or its order is wrong`,
          "Sort the nodes, for example with onnx.checker and the exporter of the model.",
        );
      if (operands.some((operand) => operand?.kind === "missing")) {
        define([]);
        record("unreached");
        return;
      }
      if (definition !== undefined && lowerings.get(node.operator) === undefined) {
        define(callFunction(node, definition, operands, scope));
        return;
      }
      const lowering = loweringOf(node, standard, scope);
      const { results, isConstant } = lowerNode(lowering, node, operands, scope);
      for (const [index, result] of results.entries())
        if (node.outputs[index] && result === undefined) refuse(`has output ${index}, which is not computed`);
      define(results);
      record(isConstant ? "constant" : (lowering.gradient ?? "exact"));
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof RangeError) && !isShapeError(error)) throw error;
      const [reason, hint] =
        error instanceof Refusal ? [error.reason, error.hint] : [`does not fit: ${(error as Error).message}`, ""];
      refused.push({ node: label, operator, reason, hint });
      for (const name of node.outputs) if (name !== "") scope.values.set(name, missing);
      record("refused");
    }
  }

  function callFunction(
    node: NodeProto,
    definition: FunctionProto,
    operands: readonly (Operand | undefined)[],
    scope: Scope,
  ): readonly (Operand | undefined)[] {
    const key = functionKey(node);
    if (scope.calls.includes(key)) refuse("calls itself: functions of a model cannot be recursive");
    const attributes = new Map(definition.defaults);
    for (const [name, attribute] of node.attributes) attributes.set(name, resolve(attribute, scope));
    const values = new Map<string, Operand>();
    definition.inputs.forEach((name, index) => {
      const operand = operands[index];
      if (operand !== undefined) values.set(name, operand);
    });
    const inner: Scope = {
      b: scope.b,
      values,
      opsets: new Map([...scope.opsets, ...definition.opsets]),
      attributes,
      calls: [...scope.calls, key],
    };
    // An omitted input stays omitted where the function reads it.
    const omitted = new Set(definition.inputs.filter((name) => !values.has(name)));
    for (const inside of definition.nodes)
      walkNode({ ...inside, inputs: inside.inputs.map((name) => (omitted.has(name) ? "" : name)) }, inner);
    return definition.outputs.map((name) => values.get(name));
  }

  function resolve(attribute: AttributeProto, scope: Scope): AttributeProto {
    if (attribute.reference === undefined) return attribute;
    return scope.attributes.get(attribute.reference) ?? attribute;
  }

  function loweringOf(node: NodeProto, standard: boolean, scope: Scope): Lowering {
    if (!standard)
      return refuse(
        `belongs to the domain ${node.domain}, which is not standard`,
        "Export the model with standard operators only.",
      );
    const opset = scope.opsets.get("ai.onnx") ?? 0;
    const lowering = lowerings.get(node.operator);
    if (lowering === undefined) return refuseOperator(node.operator);
    const [first, last] = lowering.opsets ?? [OPSETS.first, OPSETS.last];
    if (opset < first || opset > last)
      return refuse(`is read from opset ${first} to ${last}, but the model has ${opset}`);
    return lowering;
  }

  function lowerNode(
    lowering: Lowering,
    node: NodeProto,
    operands: readonly (Operand | undefined)[],
    scope: Scope,
  ): { readonly results: readonly (Operand | undefined)[]; readonly isConstant: boolean } {
    const attributes = new Map([...node.attributes].map(([name, attribute]) => [name, resolve(attribute, scope)]));
    const servicesIn = (b: Builder): Services => ({
      opset: scope.opsets.get("ai.onnx") ?? 0,
      batchNorm: options.batchNorm,
      isReplaced: node.outputs.some((name) => replaced.has(name)),
      value: (operand) => weights.valueOf(b, operand),
      valueIn: weights.valueOf,
      numbers: weights.numbers,
      freeze: weights.freeze,
      update: weights.update,
      notice: options.notice,
      body: (graph, inner, inputs) => walkBody(graph, inner, inputs, scope),
    });
    const nodeOf = (b: Builder, given: readonly (Operand | undefined)[]): ModelNode =>
      modelNode(given, node.outputs, attributes, servicesIn(b));
    const isKnown = operands.every((operand) => operand === undefined || operand.kind === "known");
    const hasBody = [...attributes.values()].some(({ graph }) => graph !== undefined);
    if (isKnown && !hasBody && lowering.operator !== "Range") {
      const knownOperands = operands as readonly (Known | undefined)[];
      const fold = (given: readonly (Known | undefined)[]) => {
        const results = foldConstants(lowering, (b) => nodeOf(b, given));
        return results?.every((result) => result === undefined || result.kind === "known")
          ? (results as readonly (Known | undefined)[])
          : undefined;
      };
      const results = knownOperands.every((operand) => operand === undefined || isNumeric(operand))
        ? fold(knownOperands)
        : foldSizes(node.operator, nodeOf(scope.b, operands), knownOperands, fold);
      if (results !== undefined) return { results, isConstant: true };
    }
    const view = nodeOf(scope.b, operands);
    const before = scope.b.nodes.length;
    const results = lowering.lower(view, scope.b);
    expectRead(view, attributes);
    expectSizes(scope.b.nodes.slice(before));
    return {
      results: results.map((result) => (result === undefined || "kind" in result ? result : computed(result))),
      isConstant: results.every((result) => result === undefined || ("kind" in result && result.kind === "known")),
    };
  }

  function walkBody(graph: GraphProto, b: Builder, inputs: readonly Operand[], outer: Scope): readonly Operand[] {
    const values = new Map(outer.values);
    graph.inputs.forEach((input, index) => {
      const operand = inputs[index];
      if (operand !== undefined) values.set(input.name, operand);
    });
    return walkGraph(graph, { ...outer, b, values });
  }

  function walkGraph(graph: GraphProto, scope: Scope): readonly Operand[] {
    for (const name of graph.sparse) scope.values.set(name, refusedTensor(name, "is sparse"));
    for (const tensor of graph.initializers) scope.values.set(tensor.name, storedOperand(tensor));
    for (const node of graph.nodes) walkNode(node, scope);
    return graph.outputs.map(({ name }) => scope.values.get(name) ?? uncomputed(name));
  }

  function uncomputed(name: string): Operand {
    refused.push({ node: name, operator: "output", reason: "is computed by no node", hint: "" });
    return missing;
  }

  function refusedTensor(name: string, reason: string): Operand {
    refused.push({ node: name, operator: "initializer", reason, hint: "" });
    return missing;
  }

  function storedOperand(tensor: TensorProto): Operand {
    const type = elementType(tensor.dtype);
    if (type === undefined) return refusedTensor(tensor.name, `has the element type ${tensor.dtype}`);
    if (type.isConverted) options.notice(convertedNotice(tensor.dtype, type.dtype));
    try {
      if (type.dtype === "float32" && tensor.shape.length > 0) {
        tensor.check();
        return weights.store(tensor);
      }
      return known(type.dtype, tensor.shape, tensor.values());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return refusedTensor(tensor.name, `is damaged: ${error.message}`);
    }
  }

  return {
    refused,
    nodes,
    graph: (graph, inputs) =>
      walkGraph(graph, { b, values: new Map(inputs), opsets: program.opsets, attributes: new Map(), calls: [] }),
  };
}

/** Attributes without effect on the results, and those that repeat the shape of an operand. */
const idleAttributes = new Set(
  (
    "stash_type consumed_inputs softmax_precision storage_order kernel_shape hidden_size spatial output_dtype seed " +
    "saturate precision round_mode dtype qk_matmul_output_mode broadcast training_mode ratio num_outputs momentum " +
    "noop_with_empty_axes extrapolation_value cubic_coeff_a nearest_mode exclude_outside sorted"
  ).split(" "),
);

/** Refuses a node with an attribute that its rule does not read: it may change the results. */
function expectRead(node: ModelNode, attributes: ReadonlyMap<string, AttributeProto>): void {
  const [unread] = node.unread().filter((name) => !idleAttributes.has(name) && !isEmpty(attributes.get(name)));
  if (unread !== undefined) refuse(`has the attribute ${unread}, which has no rule`);
}

function isEmpty(attribute: AttributeProto | undefined): boolean {
  if (attribute === undefined) return true;
  const { integer, float, text, tensor, graph, floats, integers, texts } = attribute;
  const isList = floats.length > 0 || integers.length > 0 || texts.length > 0;
  return !isList && !integer && !float && !text && tensor === undefined && graph === undefined;
}

export function convertedNotice(from: string, to: string): string {
  return `The model has ${from} values: they are computed in ${to}.`;
}

/** True for an error of the builder: operands whose shapes do not fit the operator. */
function isShapeError(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error;
}
