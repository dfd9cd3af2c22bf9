/**
 * Mixed precision: a graph of float32 values made again with float16 where that is safe. What goes in and out stays float32, casts stand
 * between the two, and the gradient goes through them: so that of a parameter is float32, as the parameter is.
 */
import { graphBuilder } from "../graph/build.js";
import { counterparts } from "../graph/counterparts.js";
import { scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { isFloat, LARGEST_HALF } from "../ir/floats.js";
import { at } from "../ir/present.js";
import type { DType, Graph, Node, NodeOf, Tensor, Value } from "../ir/types.js";
import { choices } from "./table.js";

/**
 * What a float is: of 16 bits; of 32 bits, as is what is made of it up to the next product; or of 32 bits for the time being, and of 16 for
 * whoever wants that: a parameter, or a small number.
 */
type Kind = "either" | "half" | "full";

const order: readonly Kind[] = ["either", "half", "full"];

function widest(kinds: readonly Kind[]): Kind {
  return kinds.reduce((x, y) => (order.indexOf(x) >= order.indexOf(y) ? x : y), "either");
}

const typeOf = (kind: Kind) => (kind === "half" ? "float16" : "float32");

/** The dtype of a value of a kind; what is no float stays what it is. */
function dtypeOf({ type }: Value, kind: Kind): DType {
  return isFloat(type.dtype) ? typeOf(kind) : type.dtype;
}

/** Below this float16 has fewer digits, down to none. */
const LEAST = 2 ** -14;

function fits({ data }: Tensor): boolean {
  return data.every((entry) => {
    const size = Math.abs(entry);
    return size === 0 || size === Number.POSITIVE_INFINITY || (size >= LEAST && size <= LARGEST_HALF);
  });
}

/**
 * @param exact positions of inputs that are computed with in float32: the data.
 */
export function mixed(graph: Graph, exact: readonly number[]): Graph {
  return remade(
    graph,
    graph.inputs.map((_, index) => (exact.includes(index) ? "full" : "either")),
    graph.outputs.map(() => "full"),
  );
}

/**
 * @param given the kinds of the inputs.
 * @param wanted the kinds of the first outputs; others keep their own.
 */
function remade(graph: Graph, given: readonly Kind[], wanted: readonly Kind[]): Graph {
  const kinds = kindsOf(graph, given);
  const b = graphBuilder(graph.name);
  const here = counterparts(b);
  const as = (value: Value, kind: Kind): Value => b.cast(here.of(value), dtypeOf(value, kind));
  for (const [index, input] of graph.inputs.entries())
    here.set(input, b.input(input.name, { dtype: dtypeOf(input, at(given, index)), shape: input.type.shape }));
  for (const node of graph.nodes)
    here.take(node, node.op === "Scan" ? remadeLoop(b, node, kinds, as) : remadeNode(b, node, kinds, as));
  return b.finish(graph.outputs.map((output, index) => as(output, wanted[index] ?? kinds.get(output) ?? "full")));
}

type As = (value: Value, kind: Kind) => Value;
type Kinds = ReadonlyMap<Value, Kind>;

function remadeNode(b: Builder, node: Node, kinds: Kinds, as: As): readonly Value[] {
  const { op, attributes } = node as NodeOf<"Add">;
  const kind = operandKind(node, kinds);
  const operands = node.inputs.map((input) => as(input, kind));
  return b.apply(op, operands, attributes);
}

function remadeLoop(b: Builder, node: NodeOf<"Scan">, kinds: Kinds, as: As): readonly Value[] {
  const { body, states } = node.attributes;
  const given = bodyKinds(node, kinds);
  const operands = node.inputs.map((input, index) => as(input, at(given, index)));
  return b.apply("Scan", operands, { ...node.attributes, body: remade(body, given, given.slice(0, states)) });
}

/** The kind of every float of a graph. */
function kindsOf(graph: Graph, given: readonly Kind[]): Kinds {
  const kinds = new Map<Value, Kind>(graph.inputs.map((input, index) => [input, at(given, index)]));
  for (const node of graph.nodes) {
    const results = resultKinds(node, kinds);
    node.outputs.forEach((output, index) => {
      kinds.set(output, at(results, index));
    });
  }
  return kinds;
}

/** In what a node computes, where it is no loop. */
function operandKind(node: Node, kinds: Kinds): Kind {
  const choice = choices[node.op];
  if (choice === "half" || choice === "full") return choice;
  return widest(node.inputs.flatMap((input) => (isFloat(input.type.dtype) ? [kinds.get(input) ?? "full"] : [])));
}

function resultKinds(node: Node, kinds: Kinds): readonly Kind[] {
  switch (node.op) {
    case "Constant":
      return [fits(node.attributes.value) ? "either" : "full"];
    case "OneHot":
      return ["either"];
    case "Cast":
      // A whole number may be beyond float16's.
      return [at(node.inputs, 0).type.dtype === "bool" ? "either" : "full"];
    case "Scan": {
      const given = bodyKinds(node, kinds);
      const { body, states } = node.attributes;
      const inner = kindsOf(body, given);
      return body.outputs.map((output, index) => (index < states ? at(given, index) : (inner.get(output) ?? "full")));
    }
    default: {
      const kind = operandKind(node, kinds);
      return node.outputs.map(() => kind);
    }
  }
}

/** The kinds of a body's inputs. A state is as wide as it starts and as every step leaves it. */
function bodyKinds(node: NodeOf<"Scan">, kinds: Kinds): readonly Kind[] {
  const { body } = node.attributes;
  const { outer } = scanOperands(node);
  const kindOf = (value: Value) => kinds.get(value) ?? "full";
  const others = [...outer.scans, ...outer.captures].map(kindOf);
  let carried = outer.states.map(kindOf);
  for (;;) {
    const inner = kindsOf(body, [...carried, ...others]);
    const next = carried.map((kind, index) => widest([kind, inner.get(at(body.outputs, index)) ?? "full"]));
    if (next.join() === carried.join()) return [...carried, ...others];
    carried = next;
  }
}
