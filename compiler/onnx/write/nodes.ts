/** Every primitive as ONNX nodes, total over the closed set. Most map to the operator of the same name and operands. */

import { at } from "../../ir/expect.js";
import { tensor as tensorOf } from "../../ir/tensor.js";
import type { DType, Node, NodeOf, OpName, Value } from "../../ir/types.js";
import { dataType } from "../protobuf.js";
import { mulOperands } from "./merge-scalar-factors.js";
import { float, int, ints, tensor, text } from "./proto.js";
import { emitRecurrent } from "./recurrent.js";
import { sizeScalar, sizeVector } from "./runtime-sizes.js";
import { emitScan } from "./scan.js";
import {
  appendNode,
  constant,
  declareInput,
  emitValue,
  integer,
  nameOf,
  nameResult,
  type Scope,
  vector,
} from "./scope.js";
import { axisIndex, expandTarget, pads, reshapeTarget } from "./shape-operands.js";

type Emit<K extends OpName> = (node: NodeOf<K>, scope: Scope) => void;
type Attributes = Parameters<typeof appendNode>[4];

/** Writes the operator of the primitive's name with the node's operands, then `extraOperands`. */
function emitOperator(
  node: Node,
  scope: Scope,
  extraOperands: readonly string[] = [],
  attributes: Attributes = [],
): void {
  appendNode(scope, node.op, [...operands(node, scope), ...extraOperands], results(node, scope), attributes);
}

function operands(node: Node, scope: Scope): readonly string[] {
  return node.inputs.map((input) => nameOf(scope, input));
}

function results(node: Node, scope: Scope): readonly string[] {
  return node.outputs.map((output) => nameResult(scope, output, node.op.toLowerCase()));
}

/** The results without the last ones that nothing reads: they are optional outputs of the operator. */
function readResults(node: Node, scope: Scope): readonly string[] {
  const count = node.outputs.findLastIndex((output) => scope.read.has(output)) + 1;
  return results(node, scope).slice(0, Math.max(count, 1));
}

const sameOperator = (node: Node, scope: Scope): void => emitOperator(node, scope);

const alongLastAxis = (node: Node, scope: Scope): void => emitOperator(node, scope, [], [int("axis", -1)]);

function product(node: NodeOf<"Mul" | "Div">, scope: Scope): void {
  appendNode(scope, ...mulOperands(node, scope), results(node, scope));
}

/** A reduction. Its axes are an attribute before an opset, an operand from it on; in ONNX no axes mean all axes. */
function reduction(
  axesOperandSince: number,
): (node: NodeOf<"ReduceSum" | "ReduceMean" | "ReduceMax">, scope: Scope) => void {
  return (node, scope) => {
    const { axes, keep } = node.attributes;
    const keepdims = int("keepdims", keep ? 1 : 0);
    if (axes.length === 0) appendNode(scope, "Identity", operands(node, scope), results(node, scope));
    else if (scope.model.opset < axesOperandSince)
      appendNode(scope, node.op, operands(node, scope), results(node, scope), [ints("axes", axes), keepdims]);
    else
      appendNode(scope, node.op, [...operands(node, scope), vector(scope, axes, "axes")], results(node, scope), [
        keepdims,
      ]);
  };
}

/** An operator that opsets below the first one lack. */
function since<K extends OpName>(first: number, emit: Emit<K>): Emit<K> {
  return (node, scope) => {
    const { opset } = scope.model;
    if (opset < first) throw new Error(`opset ${opset} has no ${node.op}; use ${first} or later`);
    emit(node, scope);
  };
}

/** The attribute of a scatter that adds at equal indices, from opset 16. */
function addReduction(scope: Scope): ReturnType<typeof text> {
  if (scope.model.opset < 16)
    throw new Error(`opset ${scope.model.opset} has no reduction for scatters; use 16 or later`);
  return text("reduction", "add");
}

/** The name of an integer operand as int64, for operators that need int64. */
function asInt64(scope: Scope, value: Value): string {
  const name = nameOf(scope, value);
  return value.type.dtype === "int64" ? name : emitValue(scope, "Cast", [name], [int("to", dataType("int64"))]);
}

const emitters: { readonly [K in OpName]: Emit<K> } = {
  // Constants are initializers of the main graph, not nodes.
  Constant: (node, scope) => {
    const value = at(node.outputs, 0);
    scope.names.set(value, constant(scope, node.attributes.value, value.name ?? "constant"));
  },
  Range: (node, scope) => {
    const [count] = node.inputs;
    const [result] = node.outputs;
    if (count !== undefined && result !== undefined) {
      const bounds = [integer(scope, 0, "zero"), nameOf(scope, count), integer(scope, 1, "one")];
      const [name = ""] = results(node, scope);
      appendNode(scope, "Range", bounds, [name]);
      // The result defines the symbol of its size.
      declareInput(scope, result, name);
      return;
    }
    const limit = sizeScalar(scope, node.attributes.limit, "limit");
    emitOperator(node, scope, [integer(scope, 0, "zero"), limit, integer(scope, 1, "one")]);
  },
  Size: sameOperator,
  Identity: sameOperator,
  Cast: (node, scope) => emitOperator(node, scope, [], [int("to", dataType(node.attributes.to))]),

  Neg: sameOperator,
  Exp: sameOperator,
  Log: sameOperator,
  Sqrt: sameOperator,
  Abs: sameOperator,
  Sign: sameOperator,
  Floor: sameOperator,
  Sin: sameOperator,
  Cos: sameOperator,
  Tanh: sameOperator,
  Sigmoid: sameOperator,
  Relu: sameOperator,
  Softplus: sameOperator,
  Erf: sameOperator,
  Not: sameOperator,

  Add: sameOperator,
  Sub: sameOperator,
  Mul: product,
  Div: product,
  Pow: sameOperator,
  Mod: sameOperator,
  Min: sameOperator,
  Max: sameOperator,
  Equal: sameOperator,
  Less: sameOperator,
  Greater: sameOperator,
  And: sameOperator,
  Or: sameOperator,
  Where: sameOperator,

  MatMul: sameOperator,
  Gemm: (node, scope) => {
    const { transA, transB } = node.attributes;
    emitOperator(node, scope, [], [...(transA ? [int("transA", 1)] : []), ...(transB ? [int("transB", 1)] : [])]);
  },

  ReduceSum: reduction(13),
  ReduceMean: reduction(18),
  ReduceMax: reduction(18),
  ArgMax: (node, scope) => emitOperator(node, scope, [], [int("axis", node.attributes.axis), int("keepdims", 0)]),
  Softmax: alongLastAxis,
  LogSoftmax: alongLastAxis,
  LayerNormalization: (node, scope) =>
    appendNode(scope, node.op, operands(node, scope), readResults(node, scope), [
      int("axis", -1),
      float("epsilon", node.attributes.epsilon),
    ]),

  Reshape: (node, scope) => {
    const from = at(node.inputs, 0).type;
    const { shape } = node.attributes;
    // A 0 in the target of ONNX's Reshape is not a size, so an empty tensor is created in its place.
    if (shape.includes(0))
      appendNode(scope, "ConstantOfShape", [sizeVector(scope, shape, "shape")], results(node, scope), [
        zeroFill(from.dtype),
      ]);
    else emitOperator(node, scope, [reshapeTarget(scope, from.shape, shape)]);
  },
  Expand: (node, scope) =>
    emitOperator(node, scope, [expandTarget(scope, at(node.inputs, 0).type.shape, node.attributes.shape)]),
  Transpose: (node, scope) => emitOperator(node, scope, [], [ints("perm", node.attributes.perm)]),
  Unsqueeze: (node, scope) => emitOperator(node, scope, [vector(scope, node.attributes.axes, "axes")]),
  Squeeze: (node, scope) => emitOperator(node, scope, [vector(scope, node.attributes.axes, "axes")]),
  Concat: (node, scope) => emitOperator(node, scope, [], [int("axis", node.attributes.axis)]),
  Split: (node, scope) => {
    const { axis, sizes } = node.attributes;
    const fixed = sizes.filter((size) => typeof size === "number");
    if (fixed.length === sizes.length) emitOperator(node, scope, [vector(scope, fixed, "split")], [int("axis", axis)]);
    // Without sizes ONNX splits evenly, from opset 18 on into a number of outputs.
    else
      emitOperator(
        node,
        scope,
        [],
        [int("axis", axis), ...(scope.model.opset < 18 ? [] : [int("num_outputs", sizes.length)])],
      );
  },
  Slice: (node, scope) => {
    const { axis, start, end } = node.attributes;
    const size = at(at(node.inputs, 0).type.shape, axis);
    const bounds = [axisIndex(scope, start, size, "start"), axisIndex(scope, end, size, "end")];
    emitOperator(node, scope, [...bounds, vector(scope, [axis], "axes")]);
  },
  Pad: (node, scope) => {
    const { axis, before, after } = node.attributes;
    // Two numbers for every axis: with the operand `axes` of opset 18, ONNX Runtime 1.30 fails on a Pad of a Transpose.
    emitOperator(node, scope, [pads(scope, at(node.inputs, 0).type.shape.length, axis, before, after)]);
  },

  Gather: (node, scope) => emitOperator(node, scope, [], [int("axis", node.attributes.axis)]),
  GatherElements: (node, scope) => emitOperator(node, scope, [], [int("axis", node.attributes.axis)]),
  ScatterElements: (node, scope) =>
    emitOperator(node, scope, [], [int("axis", node.attributes.axis), addReduction(scope)]),
  // Range, Equal and Cast: OneHot's CPU kernel in ONNX Runtime 1.30 compares entry by entry on one thread.
  OneHot: (node, scope) => {
    const { depth, dtype } = node.attributes;
    const bounds = [integer(scope, 0, "zero"), sizeScalar(scope, depth, "depth"), integer(scope, 1, "one")];
    const range = emitValue(scope, "Range", bounds);
    const index = emitValue(scope, "Unsqueeze", [asInt64(scope, at(node.inputs, 0)), vector(scope, [-1], "last")]);
    const comparison = [index, range] as const;
    if (dtype === "bool") appendNode(scope, "Equal", comparison, results(node, scope));
    else
      appendNode(scope, "Cast", [emitValue(scope, "Equal", comparison)], results(node, scope), [
        int("to", dataType(dtype)),
      ]);
  },

  Scan: (node, scope) => emitScan(node, scope, results(node, scope)),
  Gelu: since(20, (node, scope) => {
    const { approximate } = node.attributes;
    emitOperator(node, scope, [], approximate === "none" ? [] : [text("approximate", approximate)]);
  }),
  RMSNormalization: since(23, (node, scope) =>
    emitOperator(node, scope, [], [int("axis", -1), float("epsilon", node.attributes.epsilon)]),
  ),
  Attention: since(23, (node, scope) => emitOperator(node, scope, [], [float("scale", node.attributes.scale)])),
  RNN: (node, scope) => emitRecurrent(node, scope, results(node, scope)),
  GRU: (node, scope) => emitRecurrent(node, scope, results(node, scope)),
  LSTM: (node, scope) => emitRecurrent(node, scope, results(node, scope)),
};

function zeroFill(dtype: DType): ReturnType<typeof tensor> {
  return tensor("value", tensorOf(dtype, [1], [0]));
}

export function emitNode<K extends OpName>(node: NodeOf<K>, scope: Scope): void {
  emitters[node.op](node, scope);
}
