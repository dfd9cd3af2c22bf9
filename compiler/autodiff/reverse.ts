/** Reverse-mode differentiation: a walk from the loss to the inputs that applies each primitive's vjp. */
import { graphBuilder, ruleOf } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { printShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Graph, NodeOf, OpName } from "../ir/types.js";
import { zeros } from "../ops/broadcast.js";
import {
  activeValues,
  createCotangents,
  type DerivativeObserver,
  type PullBack,
  type StepDerivative,
} from "./cotangents.js";
import { stackResiduals, vjpScan } from "./scan.js";

export const pullBack: PullBack = (b, nodes, active, collected, observe) => {
  for (const node of [...nodes].reverse()) {
    const outputCotangents = node.outputs.map((output) => (active.has(output) ? collected.get(output) : undefined));
    if (outputCotangents.every((cotangent) => cotangent === undefined)) continue;
    const { vjp } = ruleOf<OpName>(node.op);
    if (vjp === "none") continue;
    const start = b.nodes.length;
    const steps: StepDerivative[] = [];
    const observeSteps = observe && ((observed: readonly StepDerivative[]) => steps.push(...observed));
    if (vjp === "inference") throw new Error(`${node.op} has no gradient: it occurs in exported models only`);
    const inputCotangents =
      vjp === "loop"
        ? vjpScan(b, node as NodeOf<"Scan">, outputCotangents, active, pullBack, observeSteps)
        : vjp(b, node, outputCotangents);
    node.inputs.forEach((input, index) => {
      const cotangent = inputCotangents[index];
      if (cotangent !== undefined && active.has(input)) collected.add(input, cotangent);
    });
    observe?.(node, b.nodes.slice(start), steps);
  }
};

/**
 * The graph with one more output per input in `wrt`: the derivative of output `loss` with respect to it, in the type of
 * the input. An input that the loss does not depend on has zeros.
 *
 * @param loss position of a float32 scalar among the outputs.
 * @param wrt positions of float32 inputs.
 * @param scale position of a float32 scalar among the inputs: the loss scale, a factor of every derivative.
 * @param observe of the nodes of the result, which begin with copies of those of the graph in order.
 */
export function differentiate(
  graph: Graph,
  loss: number,
  wrt: readonly number[],
  scale?: number,
  observe?: DerivativeObserver,
): Graph {
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
  pullBack(b, nodes, activeValues(nodes, parameters), collected, observe);
  const gradients = parameters.map((parameter) =>
    b.withName(collected.get(parameter) ?? zeros(b, parameter.type), `gradient/${parameter.name}`),
  );
  return b.finish([...outputs, ...gradients]);
}
