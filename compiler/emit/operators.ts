/** Each primitive as ONNX nodes: total over the closed set. Most are the operator of their name with the same operands. */
import type { OpName } from "../ir/operators.js";
import { at } from "../ir/present.js";
import { tensor as tensorOf } from "../ir/tensor.js";
import type { DType, Node, NodeOf, Value } from "../ir/types.js";
import { elementTypes, int, ints, tensor, text } from "./proto.js";
import { recurrent } from "./recurrent.js";
import { factors } from "./scaling.js";
import { scan } from "./scan.js";
import { compute, constant, define, enter, integer, nameOf, type Scope, vector, write } from "./scope.js";
import { expandTarget, pads, position, reshapeTarget } from "./shapes.js";
import { sizeScalar, sizeVector } from "./sizes.js";

type Emit<K extends OpName> = (node: NodeOf<K>, scope: Scope) => void;
type Attributes = Parameters<typeof write>[4];

/** Writes the operator of the primitive's name: the node's operands, then `more`. */
function emit(node: Node, scope: Scope, more: readonly string[] = [], attributes: Attributes = []): void {
  write(scope, node.op, [...operands(node, scope), ...more], results(node, scope), attributes);
}

function operands(node: Node, scope: Scope): readonly string[] {
  return node.inputs.map((input) => nameOf(scope, input));
}

function results(node: Node, scope: Scope): readonly string[] {
  return node.outputs.map((output) => define(scope, output, node.op.toLowerCase()));
}

const same = (node: Node, scope: Scope): void => emit(node, scope);

const lastAxis = (node: Node, scope: Scope): void => emit(node, scope, [], [int("axis", -1)]);

function product(node: NodeOf<"Mul" | "Div">, scope: Scope): void {
  write(scope, ...factors(node, scope), results(node, scope));
}

/** ONNX moved a reduction's axes from an attribute to an operand; it takes "no axes" for "all axes". */
function reduction(
  operandSince: number,
): (node: NodeOf<"ReduceSum" | "ReduceMean" | "ReduceMax">, scope: Scope) => void {
  return (node, scope) => {
    const { axes, keep } = node.attributes;
    const keepdims = int("keepdims", keep ? 1 : 0);
    if (axes.length === 0) write(scope, "Identity", operands(node, scope), results(node, scope));
    else if (scope.model.opset < operandSince)
      write(scope, node.op, operands(node, scope), results(node, scope), [ints("axes", axes), keepdims]);
    else
      write(scope, node.op, [...operands(node, scope), vector(scope, axes, "axes")], results(node, scope), [keepdims]);
  };
}

/** Adding at equal indices came with opset 16. */
function additive(scope: Scope): ReturnType<typeof text> {
  if (scope.model.opset < 16) throw new Error(`opset ${scope.model.opset} cannot add at indices; 16 and later can`);
  return text("reduction", "add");
}

/** The name of an operand of another integer dtype as int64, for operators that take nothing else. */
function asInt64(scope: Scope, value: Value): string {
  const name = nameOf(scope, value);
  return value.type.dtype === "int64" ? name : compute(scope, "Cast", [name], [int("to", elementTypes.int64)]);
}

const emitters: { readonly [K in OpName]: Emit<K> } = {
  // Constants are initializers of the main graph, and no nodes.
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
      write(scope, "Range", bounds, [name]);
      // The symbol is told by what has that size.
      enter(scope, result, name);
      return;
    }
    const limit = sizeScalar(scope, node.attributes.limit, "limit");
    emit(node, scope, [integer(scope, 0, "zero"), limit, integer(scope, 1, "one")]);
  },
  Size: same,
  Identity: same,
  Cast: (node, scope) => emit(node, scope, [], [int("to", elementTypes[node.attributes.to])]),

  Neg: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Abs: same,
  Sign: same,
  Floor: same,
  Cos: same,
  Tanh: same,
  Sigmoid: same,
  Relu: same,
  Softplus: same,
  Not: same,

  Add: same,
  Sub: same,
  Mul: product,
  Div: product,
  Pow: same,
  Mod: same,
  Min: same,
  Max: same,
  Equal: same,
  Less: same,
  Greater: same,
  And: same,
  Or: same,
  Where: same,

  MatMul: same,
  Gemm: (node, scope) => {
    const { transA, transB } = node.attributes;
    emit(node, scope, [], [...(transA ? [int("transA", 1)] : []), ...(transB ? [int("transB", 1)] : [])]);
  },

  ReduceSum: reduction(13),
  ReduceMean: reduction(18),
  ReduceMax: reduction(18),
  ArgMax: (node, scope) => emit(node, scope, [], [int("axis", node.attributes.axis), int("keepdims", 0)]),
  Softmax: lastAxis,
  LogSoftmax: lastAxis,

  Reshape: (node, scope) => {
    const from = at(node.inputs, 0).type;
    const { shape } = node.attributes;
    // To ONNX a 0 in the target of a Reshape is no size: an empty tensor is made rather than reshaped.
    if (shape.includes(0))
      write(scope, "ConstantOfShape", [sizeVector(scope, shape, "shape")], results(node, scope), [zero(from.dtype)]);
    else emit(node, scope, [reshapeTarget(scope, from.shape, shape)]);
  },
  Expand: (node, scope) =>
    emit(node, scope, [expandTarget(scope, at(node.inputs, 0).type.shape, node.attributes.shape)]),
  Transpose: (node, scope) => emit(node, scope, [], [ints("perm", node.attributes.perm)]),
  Unsqueeze: (node, scope) => emit(node, scope, [vector(scope, node.attributes.axes, "axes")]),
  Squeeze: (node, scope) => emit(node, scope, [vector(scope, node.attributes.axes, "axes")]),
  Concat: (node, scope) => emit(node, scope, [], [int("axis", node.attributes.axis)]),
  Split: (node, scope) => {
    const { axis, sizes } = node.attributes;
    emit(node, scope, [vector(scope, sizes, "split")], [int("axis", axis)]);
  },
  Slice: (node, scope) => {
    const { axis, start, end } = node.attributes;
    const size = at(at(node.inputs, 0).type.shape, axis);
    const bounds = [position(scope, start, size, "start"), position(scope, end, size, "end")];
    emit(node, scope, [...bounds, vector(scope, [axis], "axes")]);
  },
  Pad: (node, scope) => {
    const { axis, before, after } = node.attributes;
    // Padding named axes came with opset 18; before, every axis has its two numbers.
    if (scope.model.opset < 18)
      emit(node, scope, [pads(scope, at(node.inputs, 0).type.shape.length, axis, before, after)]);
    else emit(node, scope, [sizeVector(scope, [before, after], "pads"), "", vector(scope, [axis], "axes")]);
  },

  Gather: (node, scope) => emit(node, scope, [], [int("axis", node.attributes.axis)]),
  GatherElements: (node, scope) => emit(node, scope, [], [int("axis", node.attributes.axis)]),
  ScatterElements: (node, scope) => emit(node, scope, [], [int("axis", node.attributes.axis), additive(scope)]),
  // One comparison of each index with all places: the kernel of OneHot asks anew for every entry, on one thread.
  OneHot: (node, scope) => {
    const { depth, dtype } = node.attributes;
    const bounds = [integer(scope, 0, "zero"), sizeScalar(scope, depth, "depth"), integer(scope, 1, "one")];
    const places = compute(scope, "Range", bounds);
    const index = compute(scope, "Unsqueeze", [asInt64(scope, at(node.inputs, 0)), vector(scope, [-1], "last")]);
    const hit = [index, places] as const;
    if (dtype === "bool") write(scope, "Equal", hit, results(node, scope));
    else write(scope, "Cast", [compute(scope, "Equal", hit)], results(node, scope), [int("to", elementTypes[dtype])]);
  },

  Scan: (node, scope) => scan(node, scope, results(node, scope)),
  RNN: (node, scope) => recurrent(node, scope, results(node, scope)),
  GRU: (node, scope) => recurrent(node, scope, results(node, scope)),
  LSTM: (node, scope) => recurrent(node, scope, results(node, scope)),
};

function zero(dtype: DType): ReturnType<typeof tensor> {
  return tensor("value", tensorOf(dtype, [1], [0]));
}

export function emitNode<K extends OpName>(node: NodeOf<K>, scope: Scope): void {
  emitters[node.op](node, scope);
}
