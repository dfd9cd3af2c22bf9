/**
 * Mixed precision: a copy of a float32 graph with float16 values where that is safe, and casts between the two. Inputs
 * and outputs stay float32. The gradient passes through the casts, so that the gradient of a parameter is float32.
 */
import { graphBuilder } from "../graph/builder.js";
import { scanOperands } from "../graph/rewrite.js";
import { createValueMap } from "../graph/value-map.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { isFloat, MAX_FLOAT16 } from "../ir/float16.js";
import type { DType, Graph, Node, NodeOf, Tensor, Value } from "../ir/types.js";
import { policy } from "./policy.js";

/**
 * The precision of a float value. "any" is stored as float32 and cast to float16 on demand: parameters, and constants
 * within float16's range.
 */
type Precision = "any" | "float16" | "float32";

const precisionOrder: readonly Precision[] = ["any", "float16", "float32"];

/** The widest precision, the join of "any" < "float16" < "float32". */
function join(precisions: readonly Precision[]): Precision {
  return precisions.reduce((x, y) => (precisionOrder.indexOf(x) >= precisionOrder.indexOf(y) ? x : y), "any");
}

/** The dtype of a value at a precision. Integers and booleans keep theirs. */
function dtypeOf({ type }: Value, precision: Precision): DType {
  if (!isFloat(type.dtype)) return type.dtype;
  return precision === "float16" ? "float16" : "float32";
}

/** The smallest normal float16. Smaller numbers lose digits. */
const MIN_NORMAL_FLOAT16 = 2 ** -14;

function fitsFloat16({ data }: Tensor): boolean {
  return data.every((entry) => {
    const magnitude = Math.abs(entry);
    return (
      magnitude === 0 ||
      magnitude === Number.POSITIVE_INFINITY ||
      (magnitude >= MIN_NORMAL_FLOAT16 && magnitude <= MAX_FLOAT16)
    );
  });
}

/**
 * @param float32Inputs positions of inputs whose values are not cast on demand: the data.
 */
export function autocast(graph: Graph, float32Inputs: readonly number[]): Graph {
  return recast(
    graph,
    graph.inputs.map((_, index) => (float32Inputs.includes(index) ? "float32" : "any")),
    graph.outputs.map(() => "float32"),
  );
}

/**
 * @param outputPrecisions of the first outputs; the others keep their inferred precisions.
 */
function recast(graph: Graph, inputPrecisions: readonly Precision[], outputPrecisions: readonly Precision[]): Graph {
  const precisions = inferPrecisions(graph, inputPrecisions);
  const b = graphBuilder(graph.name);
  const valueMap = createValueMap(b);
  const castTo = (value: Value, precision: Precision): Value => b.cast(valueMap.get(value), dtypeOf(value, precision));
  for (const [index, input] of graph.inputs.entries())
    valueMap.set(
      input,
      b.input(input.name, { dtype: dtypeOf(input, at(inputPrecisions, index)), shape: input.type.shape }),
    );
  for (const node of graph.nodes)
    valueMap.record(
      node,
      node.op === "Scan" ? recastLoop(b, node, precisions, castTo) : recastNode(b, node, precisions, castTo),
    );
  return b.finish(
    graph.outputs.map((output, index) =>
      castTo(output, outputPrecisions[index] ?? precisions.get(output) ?? "float32"),
    ),
  );
}

type CastTo = (value: Value, precision: Precision) => Value;

interface Precisions {
  get(value: Value): Precision | undefined;
  /** True for a constant of the graph: a fixed matrix, such as a Fourier transform, is no weight. */
  isConstant(value: Value): boolean;
}

function recastNode(b: Builder, node: Node, precisions: Precisions, castTo: CastTo): readonly Value[] {
  const precision = operandPrecision(node, precisions);
  return b.copy(
    node,
    node.inputs.map((input) => castTo(input, precision)),
  );
}

function recastLoop(b: Builder, node: NodeOf<"Scan">, precisions: Precisions, castTo: CastTo): readonly Value[] {
  const { body, stateCount } = node.attributes;
  const inputPrecisions = bodyInputPrecisions(node, precisions);
  const operands = node.inputs.map((input, index) => castTo(input, at(inputPrecisions, index)));
  return b.apply("Scan", operands, {
    ...node.attributes,
    body: recast(body, inputPrecisions, inputPrecisions.slice(0, stateCount)),
  });
}

/** The precision of every value of a graph. */
function inferPrecisions(graph: Graph, inputPrecisions: readonly Precision[]): Precisions {
  const known = new Map<Value, Precision>(graph.inputs.map((input, index) => [input, at(inputPrecisions, index)]));
  const constants = new Set(graph.nodes.flatMap(({ op, outputs }) => (op === "Constant" ? outputs : [])));
  const precisions = { get: (value: Value) => known.get(value), isConstant: (value: Value) => constants.has(value) };
  for (const node of graph.nodes) {
    const results = resultPrecisions(node, precisions);
    node.outputs.forEach((output, index) => {
      known.set(output, at(results, index));
    });
  }
  return precisions;
}

/**
 * The precision that a node other than Scan computes in. A product with a constant is in float32: its operand is data,
 * whose sums of squares may leave float16's range.
 */
function operandPrecision(node: Node, precisions: Precisions): Precision {
  const opPolicy = policy[node.op];
  if (node.op === "MatMul" && node.inputs.some(precisions.isConstant)) return "float32";
  if (opPolicy === "float16" || opPolicy === "float32") return opPolicy;
  return join(node.inputs.flatMap((input) => (isFloat(input.type.dtype) ? [precisions.get(input) ?? "float32"] : [])));
}

function resultPrecisions(node: Node, precisions: Precisions): readonly Precision[] {
  switch (node.op) {
    case "Constant":
      return [fitsFloat16(node.attributes.value) ? "any" : "float32"];
    case "OneHot":
      return ["any"];
    case "Cast":
      // An integer may be beyond float16's range.
      return [at(node.inputs, 0).type.dtype === "bool" ? "any" : "float32"];
    case "Scan": {
      const inputPrecisions = bodyInputPrecisions(node, precisions);
      const { body, stateCount } = node.attributes;
      const inner = inferPrecisions(body, inputPrecisions);
      return body.outputs.map((output, index) =>
        index < stateCount ? at(inputPrecisions, index) : (inner.get(output) ?? "float32"),
      );
    }
    default: {
      const precision = operandPrecision(node, precisions);
      return node.outputs.map(() => precision);
    }
  }
}

/**
 * The precisions of a body's inputs. That of a state is the fixed point of its initial value's and its next value's.
 */
function bodyInputPrecisions(node: NodeOf<"Scan">, precisions: Precisions): readonly Precision[] {
  const { body } = node.attributes;
  const { outer } = scanOperands(node);
  const precisionOf = (value: Value) => precisions.get(value) ?? "float32";
  const otherPrecisions = [...outer.scans, ...outer.captures].map(precisionOf);
  let statePrecisions = outer.states.map(precisionOf);
  for (;;) {
    const inner = inferPrecisions(body, [...statePrecisions, ...otherPrecisions]);
    const next = statePrecisions.map((precision, index) =>
      join([precision, inner.get(at(body.outputs, index)) ?? "float32"]),
    );
    if (next.join() === statePrecisions.join()) return [...statePrecisions, ...otherPrecisions];
    statePrecisions = next;
  }
}
