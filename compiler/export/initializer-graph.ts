/**
 * Initial values of tensors as a graph of standard operators, which each run of the graph draws anew. The distributions
 * are those of the manifest; the runtime draws the numbers.
 */

import type { DrawnInitializer, InitialExpression, Initializer } from "../artifact.js";
import { at } from "../ir/expect.js";
import { uniqueNames } from "../ir/names.js";
import { tensor as tensorOf } from "../ir/tensor.js";
import { dataType } from "../onnx/protobuf.js";
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from "../onnx/write/messages.js";
import { float, int, ints, subgraph, tensor, tensorProto } from "../onnx/write/proto.js";

export interface InitializedTensor {
  /** Name of the tensor. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly dtype: "float32" | "int64";
}

interface GraphDraft {
  readonly nodes: NodeProto[];
  readonly constants: TensorProto[];
  readonly freshName: (hint: string) => string;
  /** Seed of the last random operator; each has its own. */
  seed: number;
}

/** A graph without inputs whose outputs are the tensors, named `outputOf(name)`. */
export function initializationGraph(
  name: string,
  tensors: readonly InitializedTensor[],
  outputOf: (name: string) => string,
  seed: number,
): GraphProto {
  const draft: GraphDraft = { nodes: [], constants: [], freshName: uniqueNames(), seed };
  for (const each of tensors) draft.freshName(outputOf(each.name));
  const output = tensors.map((each) => {
    const value = initialValue(draft, each, outputOf);
    appendNode(draft, "Identity", [value], outputOf(each.name));
    const dim = each.shape.map((dimValue) => ({ dimValue }));
    const elemType = dataType(each.dtype);
    return { name: outputOf(each.name), type: { tensorType: { elemType, shape: { dim } } } };
  });
  return { name, node: draft.nodes, initializer: draft.constants, input: [], output };
}

function initialValue(draft: GraphDraft, tensor: InitializedTensor, outputOf: (name: string) => string): string {
  const { initializer, dtype, shape } = tensor;
  if (dtype === "int64") return integerTensor(draft, tensor);
  if (initializer.type === "stored") throw new Error("a stored tensor has no initializer");
  if (initializer.type !== "norms") return drawTensor(draft, initializer, shape);
  const { name, shape: sourceShape } = initializer.of;
  const source = outputOf(name);
  const axes = sourceShape.slice(0, -1).map((_, axis) => axis);
  const squares = appendNode(draft, "Mul", [source, source]);
  return appendNode(draft, "Sqrt", [
    appendNode(draft, "ReduceSum", [squares, vector(draft, axes)], undefined, [int("keepdims", 0)]),
  ]);
}

function appendNode(
  { nodes, freshName }: GraphDraft,
  opType: string,
  input: readonly string[],
  output?: string,
  attribute: readonly AttributeProto[] = [],
): string {
  const resultName = output ?? freshName(`/initialization/${opType.toLowerCase()}`);
  nodes.push({ opType, name: resultName, input: [...input], output: [resultName], attribute: [...attribute] });
  return resultName;
}

function vector({ constants, freshName }: GraphDraft, values: readonly number[]): string {
  const name = freshName("/initialization/sizes");
  constants.push(tensorProto(tensorOf("int64", [values.length], [...values]), name));
  return name;
}

function scalar({ constants, freshName }: GraphDraft, value: number): string {
  const name = freshName("/initialization/number");
  constants.push(tensorProto(tensorOf("float32", [], [value]), name));
  return name;
}

function integerTensor({ constants, freshName }: GraphDraft, { shape, initializer }: InitializedTensor): string {
  const name = freshName("/initialization/count");
  // Counters have constant initial values.
  const { value } = initializer as Extract<Initializer, { type: "constant" }>;
  const size = shape.reduce((product, dim) => product * dim, 1);
  constants.push(tensorProto(tensorOf("int64", [...shape], new Array(size).fill(value)), name));
  return name;
}

/** The name of a tensor of this shape. */
function drawTensor(draft: GraphDraft, initializer: DrawnInitializer, shape: readonly number[]): string {
  switch (initializer.type) {
    case "constant":
      return appendNode(draft, "ConstantOfShape", [vector(draft, shape)], undefined, [
        tensor("value", tensorOf("float32", [1], [initializer.value])),
      ]);
    case "uniform":
      return random(draft, "RandomUniform", shape, { low: initializer.minimum, high: initializer.maximum });
    case "normal":
      return random(draft, "RandomNormal", shape, { mean: initializer.mean, scale: initializer.deviation });
    case "orthogonal":
      return orthogonal(draft, shape, initializer.gain);
    case "expression": {
      const value = expressionTensor(draft, initializer.expression, shape);
      return appendNode(draft, "Expand", [value, vector(draft, shape)]);
    }
    case "slices":
      return overlaySlices(draft, initializer, shape);
  }
}

const expressionOperators = {
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  negate: "Neg",
  "+": "Add",
  "-": "Sub",
  "*": "Mul",
  "/": "Div",
  "^": "Pow",
  min: "Min",
  max: "Max",
} as const;

/** A tensor that expands to the shape. */
function expressionTensor(draft: GraphDraft, expression: InitialExpression, shape: readonly number[]): string {
  if (typeof expression === "number") return scalar(draft, expression);
  switch (expression.op) {
    case "index": {
      const width = shape.at(-1) ?? 1;
      const name = draft.freshName("/initialization/index");
      const positions = Array.from({ length: width }, (_, index) => index);
      draft.constants.push(tensorProto(tensorOf("float32", [width], positions), name));
      return name;
    }
    case "uniform":
      return random(draft, "RandomUniform", shape, { low: expression.a, high: expression.b });
    case "normal":
      return random(draft, "RandomNormal", shape, { mean: expression.a, scale: expression.b });
    default: {
      const args = expression.args.map((argument) => expressionTensor(draft, argument, shape));
      return appendNode(draft, expressionOperators[expression.op], args);
    }
  }
}

function random(
  draft: GraphDraft,
  opType: "RandomUniform" | "RandomNormal",
  shape: readonly number[],
  numbers: Readonly<Record<string, number>>,
): string {
  draft.seed += 1;
  return appendNode(draft, opType, [], undefined, [
    ints("shape", shape),
    ...Object.entries(numbers).map(([name, value]) => float(name, value)),
    float("seed", draft.seed % 2 ** 24),
  ]);
}

/** The slices over the base. The last slice that covers a column determines it. */
function overlaySlices(
  draft: GraphDraft,
  { base, slices }: Extract<Initializer, { type: "slices" }>,
  shape: readonly number[],
): string {
  const width = at(shape, shape.length - 1);
  const bounds = [...new Set([0, width, ...slices.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const pieces = bounds.slice(1).map((to, index) => {
    const from = at(bounds, index);
    const topSlice = slices.findLast((slice) => slice.from <= from && to <= slice.to);
    return drawTensor(draft, topSlice?.initializer ?? base, [...shape.slice(0, -1), to - from]);
  });
  return appendNode(draft, "Concat", pieces, undefined, [int("axis", -1)]);
}

/**
 * Orthonormal rows (or columns, if there are fewer): the Gram-Schmidt process on a matrix of normal numbers, in a Scan
 * whose state is the basis so far. Projections are subtracted twice, which suffices for float32 (L. Giraud et al.,
 * 2005).
 */
function orthogonal(draft: GraphDraft, shape: readonly number[], gain: number): string {
  const columns = at(shape, shape.length - 1);
  const rows = shape.reduce((product, size) => product * size, 1) / columns;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const samples = random(draft, "RandomNormal", [count, length], { mean: 0, scale: 1 });
  const identity = appendNode(draft, "EyeLike", [drawTensor(draft, { type: "constant", value: 0 }, [count, count])]);
  const initialBasis = drawTensor(draft, { type: "constant", value: 0 }, [count, length]);

  const [lastAxis, firstAxis] = [vector(draft, [-1]), vector(draft, [0])];
  const body: GraphDraft = { ...draft, nodes: [] };
  const name = (hint: string) => draft.freshName(`/initialization/${hint}`);
  const [basis, row, rowSelector, nextBasis] = [name("found"), name("row"), name("place"), name("next")];
  let vectorRow = appendNode(body, "Unsqueeze", [row, firstAxis]);
  for (const _ of [1, 2]) {
    const transposed = appendNode(body, "Transpose", [basis]);
    const projections = appendNode(body, "MatMul", [vectorRow, transposed]);
    vectorRow = appendNode(body, "Sub", [vectorRow, appendNode(body, "MatMul", [projections, basis])]);
  }
  const squaredNorm = appendNode(body, "MatMul", [vectorRow, appendNode(body, "Transpose", [vectorRow])]);
  const unitRow = appendNode(body, "Div", [vectorRow, appendNode(body, "Sqrt", [squaredNorm])]);
  const basisUpdate = appendNode(body, "MatMul", [appendNode(body, "Unsqueeze", [rowSelector, lastAxis]), unitRow]);
  appendNode(body, "Add", [basis, basisUpdate], nextBasis);
  const info = (value: string, ...sizes: readonly number[]) => ({
    name: value,
    type: { tensorType: { elemType: dataType("float32"), shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
  });
  const orthonormalRows = appendNode(draft, "Scan", [initialBasis, samples, identity], undefined, [
    int("num_scan_inputs", 2),
    subgraph("body", {
      name: name("orthonormal"),
      node: body.nodes,
      input: [info(basis, count, length), info(row, length), info(rowSelector, count)],
      output: [info(nextBasis, count, length)],
    }),
  ]);
  const oriented = rows <= columns ? orthonormalRows : appendNode(draft, "Transpose", [orthonormalRows]);
  const reshaped = appendNode(draft, "Reshape", [oriented, vector(draft, shape)]);
  return appendNode(draft, "Mul", [reshaped, scalar(draft, gain)]);
}
