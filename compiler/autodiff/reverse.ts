/** Reverse-mode differentiation: a walk from the loss back to the inputs, asking each primitive for its rule. */
import { graphBuilder, ruleOf } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import type { OpName } from "../ir/operators.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { stackResiduals, vjpScan } from "./scan.js";

/** What has been collected for each value: the derivative of the loss with respect to it. */
export interface Cotangents {
  get(value: Value): Value | undefined;
  add(value: Value, cotangent: Value): void;
}

export function cotangents(b: Builder): Cotangents {
  const collected = new Map<Value, Value>();
  return {
    get: (value) => collected.get(value),
    add: (value, cotangent) => {
      const sum = collected.get(value);
      collected.set(value, sum === undefined ? cotangent : b.add(sum, cotangent));
    },
  };
}

/** Values that depend on those of `sources` through floating-point arithmetic. */
export function activeValues(nodes: readonly Node[], sources: Iterable<Value>): ReadonlySet<Value> {
  const active = new Set(sources);
  for (const node of nodes) {
    if (!node.inputs.some((input) => active.has(input))) continue;
    for (const output of node.outputs) if (output.type.dtype === "float32") active.add(output);
  }
  return active;
}

/** Walks `nodes` from the last to the first, moving cotangents from each node's outputs to its active inputs. */
export function pullBack(b: Builder, nodes: readonly Node[], active: ReadonlySet<Value>, collected: Cotangents): void {
  for (const node of [...nodes].reverse()) {
    const given = node.outputs.map((output) => (active.has(output) ? collected.get(output) : undefined));
    if (given.every((cotangent) => cotangent === undefined)) continue;
    const { vjp } = ruleOf<OpName>(node.op);
    if (vjp === "none") continue;
    const pulled =
      node.op === "Scan"
        ? vjpScan(b, node, given, active)
        : vjp === "loop"
          ? []
          : vjp(b, node as NodeOf<OpName>, given);
    node.inputs.forEach((input, index) => {
      const cotangent = pulled[index];
      if (cotangent !== undefined && active.has(input)) collected.add(input, cotangent);
    });
  }
}

/**
 * The graph with one more output per input in `wrt`: the derivative of output `loss` (a float32 scalar) with respect to it.
 * An input that the loss does not depend on gets zeros.
 *
 * @param wrt positions of float32 inputs.
 */
export function differentiate(graph: Graph, loss: number, wrt: readonly number[]): Graph {
  const forward = stackResiduals(graph);
  const b = graphBuilder(graph.name);
  const inputs = forward.inputs.map((input) => b.input(input.name ?? "", input.type));
  const outputs = inline(b, forward, inputs);
  const nodes = [...b.nodes];
  const parameters = wrt.map((index) => at(inputs, index));
  const collected = cotangents(b);
  collected.add(at(outputs, loss), b.scalar(1));
  pullBack(b, nodes, activeValues(nodes, parameters), collected);
  const gradients = parameters.map((parameter) =>
    b.named(collected.get(parameter) ?? b.expand(b.scalar(0), parameter.type.shape), `gradient/${parameter.name}`),
  );
  return b.finish([...outputs, ...gradients]);
}
