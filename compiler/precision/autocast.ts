/**
 * Mixed precision: a graph of float32 values made again with float16 where that is safe. What goes in and out stays float32, casts stand
 * between the two, and the gradient goes through them: so that of a parameter is float32, as the parameter is.
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
 * What a float is: of 16 bits; of 32 bits, as is what is made of it up to the next product; or of 32 bits for the time being, and of 16 for
 * whoever wants that: a parameter, or a small number.
 */
type Precision = "either" | "half" | "full";

const precisionOrder: readonly Precision[] = ["either", "half", "full"];

function widest(precisions: readonly Precision[]): Precision {
  return precisions.reduce((x, y) => (precisionOrder.indexOf(x) >= precisionOrder.indexOf(y) ? x : y), "either");
}

const floatTypeOf = (precision: Precision) => (precision === "half" ? "float16" : "float32");

/** The dtype of a value of a kind; what is no float stays what it is. */
function dtypeOf({ type }: Value, precision: Precision): DType {
  return isFloat(type.dtype) ? floatTypeOf(precision) : type.dtype;
}

/** Below this float16 has fewer digits, down to none. */
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
 * @param float32Inputs positions of inputs that are computed with in float32: the data.
 */
export function autocast(graph: Graph, float32Inputs: readonly number[]): Graph {
  return recast(
    graph,
    graph.inputs.map((_, index) => (float32Inputs.includes(index) ? "full" : "either")),
    graph.outputs.map(() => "full"),
  );
}

/**
 * @param inputPrecisions the kinds of the inputs.
 * @param outputPrecisions the kinds of the first outputs; others keep their own.
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
    graph.outputs.map((output, index) => castTo(output, outputPrecisions[index] ?? precisions.get(output) ?? "full")),
  );
}

type CastTo = (value: Value, precision: Precision) => Value;
type Precisions = ReadonlyMap<Value, Precision>;

function recastNode(b: Builder, node: Node, precisions: Precisions, castTo: CastTo): readonly Value[] {
  const { op, attributes } = node as NodeOf<"Add">;
  const precision = operandPrecision(node, precisions);
  const operands = node.inputs.map((input) => castTo(input, precision));
  return b.apply(op, operands, attributes);
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

/** The kind of every float of a graph. */
function inferPrecisions(graph: Graph, inputPrecisions: readonly Precision[]): Precisions {
  const precisions = new Map<Value, Precision>(graph.inputs.map((input, index) => [input, at(inputPrecisions, index)]));
  for (const node of graph.nodes) {
    const results = resultPrecisions(node, precisions);
    node.outputs.forEach((output, index) => {
      precisions.set(output, at(results, index));
    });
  }
  return precisions;
}

/** In what a node computes, where it is no loop. */
function operandPrecision(node: Node, precisions: Precisions): Precision {
  const opPolicy = policy[node.op];
  if (opPolicy === "half" || opPolicy === "full") return opPolicy;
  return widest(node.inputs.flatMap((input) => (isFloat(input.type.dtype) ? [precisions.get(input) ?? "full"] : [])));
}

function resultPrecisions(node: Node, precisions: Precisions): readonly Precision[] {
  switch (node.op) {
    case "Constant":
      return [fitsFloat16(node.attributes.value) ? "either" : "full"];
    case "OneHot":
      return ["either"];
    case "Cast":
      // A whole number may be beyond float16's.
      return [at(node.inputs, 0).type.dtype === "bool" ? "either" : "full"];
    case "Scan": {
      const inputPrecisions = bodyInputPrecisions(node, precisions);
      const { body, stateCount } = node.attributes;
      const inner = inferPrecisions(body, inputPrecisions);
      return body.outputs.map((output, index) =>
        index < stateCount ? at(inputPrecisions, index) : (inner.get(output) ?? "full"),
      );
    }
    default: {
      const precision = operandPrecision(node, precisions);
      return node.outputs.map(() => precision);
    }
  }
}

/** The kinds of a body's inputs. A state is as wide as it starts and as every step leaves it. */
function bodyInputPrecisions(node: NodeOf<"Scan">, precisions: Precisions): readonly Precision[] {
  const { body } = node.attributes;
  const { outer } = scanOperands(node);
  const precisionOf = (value: Value) => precisions.get(value) ?? "full";
  const otherPrecisions = [...outer.scans, ...outer.captures].map(precisionOf);
  let statePrecisions = outer.states.map(precisionOf);
  for (;;) {
    const inner = inferPrecisions(body, [...statePrecisions, ...otherPrecisions]);
    const next = statePrecisions.map((precision, index) =>
      widest([precision, inner.get(at(body.outputs, index)) ?? "full"]),
    );
    if (next.join() === statePrecisions.join()) return [...statePrecisions, ...otherPrecisions];
    statePrecisions = next;
  }
}
