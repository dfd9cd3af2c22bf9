/** The gradient of a few values as equations: from the cotangents of results (`dy`) to those of inputs (`dx`). */
import { differentiate } from "../autodiff/reverse.js";
import type { Builder } from "../ir/builder.js";
import { type EquationScope, equationScope, infixLines, nameResults } from "../ir/print/equations.js";
import type { Graph, Value } from "../ir/types.js";
import type { PassContext } from "../optimize/pass.js";
import { canonicalize, runPasses } from "../optimize/pipeline.js";

/**
 * @param b a builder whose inputs so far are the operands.
 * @param results differentiable values with the names of their cotangents.
 * @param inputCount the number of inputs of the builder.
 */
export function gradientEquations(
  b: Builder,
  results: readonly { readonly value: Value; readonly name: string }[],
  inputCount: number,
  context: PassContext,
): readonly string[] {
  const terms = results.map(({ value, name }) => b.sum(b.mul(value, b.input(name, value.type))));
  const graph = b.finish([terms.reduce((one, other) => b.add(one, other))]);
  const positions = Array.from({ length: inputCount }, (_, index) => index);
  const differentiated = differentiate(graph, 0, positions);
  const simplified = runPasses({ ...differentiated, outputs: differentiated.outputs.slice(1) }, canonicalize, context);
  const scope = openScope(simplified);
  const names = simplified.outputs.map((_, index) => `d${differentiated.inputs[index]?.name}`);
  const equal = nameResults(scope, simplified.outputs, names);
  return [...infixLines(simplified.nodes, scope), ...equal];
}

/** The scope of a graph's equations, with its inputs under their names. */
export function openScope({ nodes, inputs, outputs }: Graph): EquationScope {
  return equationScope(new Map(inputs.map((input) => [input, input.name ?? "?"])), nodes, outputs);
}
