/**
 * First values of tensors as a graph of standard operators: what a training starts from, drawn anew by whoever runs it. The
 * distributions are those of the manifest; the numbers are the runtime's own.
 */
import type { onnx } from "onnx-proto";
import type { Initializer } from "../artifact.js";
import { float, int, ints, subgraph, tensor, tensorProto } from "../emit/proto.js";
import { uniqueNames } from "../ir/names.js";
import { at } from "../ir/present.js";
import { tensor as tensorOf } from "../ir/tensor.js";

export interface Starting {
  /** What the value is called. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly dtype: "float32" | "int64";
}

const FLOAT = 1;

interface Draft {
  readonly nodes: onnx.INodeProto[];
  readonly constants: onnx.ITensorProto[];
  readonly fresh: (hint: string) => string;
  /** Random operators draw from streams of their own. */
  seed: number;
}

/** A graph without inputs that puts out the tensors, each under `outputOf(name)`. */
export function initializationGraph(
  name: string,
  tensors: readonly Starting[],
  outputOf: (name: string) => string,
  seed: number,
): onnx.IGraphProto {
  const draft: Draft = { nodes: [], constants: [], fresh: uniqueNames(), seed };
  for (const each of tensors) draft.fresh(outputOf(each.name));
  const output = tensors.map((each) => {
    const value = each.dtype === "int64" ? integers(draft, each) : draw(draft, each.initializer, each.shape);
    write(draft, "Identity", [value], outputOf(each.name));
    const dim = each.shape.map((dimValue) => ({ dimValue }));
    const elemType = each.dtype === "int64" ? 7 : FLOAT;
    return { name: outputOf(each.name), type: { tensorType: { elemType, shape: { dim } } } };
  });
  return { name, node: draft.nodes, initializer: draft.constants, output };
}

function write(
  { nodes, fresh }: Draft,
  opType: string,
  input: readonly string[],
  output?: string,
  attribute: readonly onnx.IAttributeProto[] = [],
): string {
  const made = output ?? fresh(`/initialization/${opType.toLowerCase()}`);
  nodes.push({ opType, name: made, input: [...input], output: [made], attribute: [...attribute] });
  return made;
}

function vector({ constants, fresh }: Draft, values: readonly number[]): string {
  const name = fresh("/initialization/sizes");
  constants.push(tensorProto(tensorOf("int64", [values.length], [...values]), name));
  return name;
}

function scalar({ constants, fresh }: Draft, value: number): string {
  const name = fresh("/initialization/number");
  constants.push(tensorProto(tensorOf("float32", [], [value]), name));
  return name;
}

function integers({ constants, fresh }: Draft, { shape, initializer }: Starting): string {
  const name = fresh("/initialization/count");
  // What counts starts at a number.
  const { value } = initializer as Extract<Initializer, { type: "constant" }>;
  const size = shape.reduce((product, each) => product * each, 1);
  constants.push(tensorProto(tensorOf("int64", [...shape], new Array(size).fill(value)), name));
  return name;
}

/** The name of a tensor of this shape. */
function draw(draft: Draft, initializer: Initializer, shape: readonly number[]): string {
  switch (initializer.type) {
    case "constant":
      return write(draft, "ConstantOfShape", [vector(draft, shape)], undefined, [
        tensor("value", tensorOf("float32", [1], [initializer.value])),
      ]);
    case "uniform":
      return random(draft, "RandomUniform", shape, { low: initializer.minimum, high: initializer.maximum });
    case "normal":
      return random(draft, "RandomNormal", shape, { mean: initializer.mean, scale: initializer.deviation });
    case "orthogonal":
      return orthogonal(draft, shape, initializer.gain);
    case "slices":
      return overlaid(draft, initializer, shape);
  }
}

function random(
  draft: Draft,
  opType: "RandomUniform" | "RandomNormal",
  shape: readonly number[],
  numbers: Readonly<Record<string, number>>,
): string {
  draft.seed += 1;
  return write(draft, opType, [], undefined, [
    ints("shape", shape),
    ...Object.entries(numbers).map(([name, value]) => float(name, value)),
    float("seed", draft.seed % 2 ** 24),
  ]);
}

/** The base where no slice lies, and the slices in their order: the last one that covers a column has it. */
function overlaid(
  draft: Draft,
  { base, slices }: Extract<Initializer, { type: "slices" }>,
  shape: readonly number[],
): string {
  const width = at(shape, shape.length - 1);
  const edges = [...new Set([0, width, ...slices.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const pieces = edges.slice(1).map((to, index) => {
    const from = at(edges, index);
    const over = slices.findLast((slice) => slice.from <= from && to <= slice.to);
    return draw(draft, over?.initializer ?? base, [...shape.slice(0, -1), to - from]);
  });
  return write(draft, "Concat", pieces, undefined, [int("axis", -1)]);
}

/**
 * Rows (or columns, where it has fewer) that are orthonormal: Gram and Schmidt's method on a matrix of normal numbers, in a Scan
 * whose state is the matrix so far. What is in the way is subtracted twice, which is enough for float32.
 */
function orthogonal(draft: Draft, shape: readonly number[], gain: number): string {
  const columns = at(shape, shape.length - 1);
  const rows = shape.reduce((product, size) => product * size, 1) / columns;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const drawn = random(draft, "RandomNormal", [count, length], { mean: 0, scale: 1 });
  const places = write(draft, "EyeLike", [draw(draft, { type: "constant", value: 0 }, [count, count])]);
  const empty = draw(draft, { type: "constant", value: 0 }, [count, length]);

  const [last, one] = [vector(draft, [-1]), vector(draft, [0])];
  const body: Draft = { ...draft, nodes: [] };
  const name = (hint: string) => draft.fresh(`/initialization/${hint}`);
  const [found, row, place, next] = [name("found"), name("row"), name("place"), name("next")];
  let vectorRow = write(body, "Unsqueeze", [row, one]);
  for (const _ of [1, 2]) {
    const turned = write(body, "Transpose", [found]);
    const parts = write(body, "MatMul", [vectorRow, turned]);
    vectorRow = write(body, "Sub", [vectorRow, write(body, "MatMul", [parts, found])]);
  }
  const square = write(body, "MatMul", [vectorRow, write(body, "Transpose", [vectorRow])]);
  const unit = write(body, "Div", [vectorRow, write(body, "Sqrt", [square])]);
  const placed = write(body, "MatMul", [write(body, "Unsqueeze", [place, last]), unit]);
  write(body, "Add", [found, placed], next);
  const info = (value: string, ...sizes: readonly number[]) => ({
    name: value,
    type: { tensorType: { elemType: FLOAT, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
  });
  const rowsFound = write(draft, "Scan", [empty, drawn, places], undefined, [
    int("num_scan_inputs", 2),
    subgraph("body", {
      name: name("orthonormal"),
      node: body.nodes,
      input: [info(found, count, length), info(row, length), info(place, count)],
      output: [info(next, count, length)],
    }),
  ]);
  const laid = rows <= columns ? rowsFound : write(draft, "Transpose", [rowsFound]);
  const shaped = write(draft, "Reshape", [laid, vector(draft, shape)]);
  return write(draft, "Mul", [shaped, scalar(draft, gain)]);
}
