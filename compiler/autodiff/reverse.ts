/** Reverse-mode differentiation: a walk from the loss back to the inputs, asking each primitive for its rule. */
import { graphBuilder, ruleOf } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { printShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Graph, NodeOf, OpName } from "../ir/types.js";
import { zeros } from "../ops/broadcast.js";
import { activeValues, createCotangents, type PullBack } from "./cotangents.js";
import { stackResiduals, vjpScan } from "./scan.js";

export const pullBack: PullBack = (b, nodes, active, collected) => {
  for (const node of [...nodes].reverse()) {
    const outputCotangents = node.outputs.map((output) => (active.has(output) ? collected.get(output) : undefined));
    if (outputCotangents.every((cotangent) => cotangent === undefined)) continue;
    const { vjp } = ruleOf<OpName>(node.op);
    if (vjp === "none") continue;
    if (vjp === "inference") throw new Error(`${node.op} stands in models that only infer`);
    const inputCotangents =
      vjp === "loop"
        ? vjpScan(b, node as NodeOf<"Scan">, outputCotangents, active, pullBack)
        : vjp(b, node as NodeOf<OpName>, outputCotangents);
    node.inputs.forEach((input, index) => {
      const cotangent = inputCotangents[index];
      if (cotangent !== undefined && active.has(input)) collected.add(input, cotangent);
    });
  }
};

/**
 * The graph with one more output per input in `wrt`: the derivative of output `loss` (a float32 scalar) with respect to it.
 * An input that the loss does not depend on gets zeros.
 *
 * @param wrt positions of float32 inputs.
 * @param scale position of a float32 scalar among the inputs, by which all derivatives are multiplied: as if the loss were.
 */
export function differentiate(graph: Graph, loss: number, wrt: readonly number[], scale?: number): Graph {
  const forward = stackResiduals(graph);
  const b = graphBuilder(graph.name);
  const inputs = forward.inputs.map((input) => b.input(input.name, input.type));
  const outputs = inline(b, forward, inputs);
  const nodes = [...b.nodes];
  const parameters = wrt.map((index) => at(inputs, index));
  const collected = createCotangents(b);
  const { dtype, shape } = at(outputs, loss).type;
  if (dtype !== "float32" || shape.length > 0)
    throw new Error(`the loss is ${dtype}${printShape(shape)}, not a float32 scalar`);
  collected.add(at(outputs, loss), scale === undefined ? b.scalar(1) : at(inputs, scale));
  pullBack(b, nodes, activeValues(nodes, parameters), collected);
  const gradients = parameters.map((parameter) =>
    b.withName(collected.get(parameter) ?? zeros(b, parameter.type), `gradient/${parameter.name}`),
  );
  return b.finish([...outputs, ...gradients]);
}
