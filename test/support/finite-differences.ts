/** Gradients of a graph against central finite differences, both in float64. */
import { expect } from "vitest";
import { differentiate } from "../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../compiler/graph/builder.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { inline } from "../../compiler/graph/rewrite.js";
import { verify } from "../../compiler/graph/verify.js";
import { at } from "../../compiler/ir/expect.js";
import { tabulate } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../compiler/ir/types.js";
import type { RandomStream } from "../../runtime/tensors/random.js";

const STEP = 1e-5;
/** Differences of size STEP are wrong by about STEP² and by rounding over STEP: both near 1e-10. */
const TOLERANCE = 1e-7;

/** The sum of every output times weights of its own, so that no two entries have the same cotangent. */
export interface Loss {
  readonly graph: Graph;
  readonly operands: readonly Tensor[];
  /** Sizes of the symbols that no operand has along an axis. */
  readonly sizes: ReadonlyMap<string, number>;
}

export function weightedSum(
  graph: Graph,
  operands: readonly Tensor[],
  random: RandomStream,
  sizes: ReadonlyMap<string, number> = new Map(),
): Loss {
  const b = graphBuilder(`${graph.name}/loss`);
  const inputs = graph.inputs.map((input) => b.input(input.name ?? "input", input.type));
  const outputs = inline(b, graph, inputs);
  const weights = outputs.map((output) => b.input("weight", { dtype: "float32", shape: output.type.shape }));
  const sums = outputs.map((output, index) => b.sum(b.mul(b.cast(output, "float32"), at(weights, index))));
  const randomWeights = evaluate(graph, operands, sizes).map(({ shape }) =>
    tabulate("float32", shape, () => random.normal()),
  );
  return { graph: b.finish([sums.reduce((x, y) => b.add(x, y))]), operands: [...operands, ...randomWeights], sizes };
}

function lossOf(results: readonly Tensor[]): number {
  return results[0]?.data[0] ?? Number.NaN;
}

/** The derivative of the first output with respect to one entry of an operand. */
export function differenceAt({ graph, operands, sizes }: Loss, position: number, entry: number): number {
  const operand = at(operands, position);
  const lossAt = (step: number): number => {
    const shifted = { ...operand, data: operand.data.with(entry, at(operand.data, entry) + step) };
    return lossOf(evaluate(graph, operands.with(position, shifted), sizes));
  };
  return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
}

/** The derivative of the first output with respect to each entry of one operand. */
function differences(loss: Loss, position: number): readonly number[] {
  return Array.from(at(loss.operands, position).data, (_, entry) => differenceAt(loss, position, entry));
}

/** Gradients with respect to the float operands at `positions`, once they are known to keep the types and the loss. */
export function gradients({ graph, operands, sizes }: Loss, positions: readonly number[]): readonly Tensor[] {
  const extended = verify(differentiate(graph, 0, positions), "differentiate");
  expect(extended.outputs.slice(1).map(({ type }) => type)).toEqual(
    positions.map((position) => at(graph.inputs, position).type),
  );
  const results = evaluate(extended, operands, sizes);
  expect(lossOf(results)).toBe(lossOf(evaluate(graph, operands, sizes)));
  return results.slice(1);
}

/** Fails with a line for each entry of the operands at `positions` whose gradient is not its difference. */
export function expectGradients(loss: Loss, positions: readonly number[]): void {
  const actual = gradients(loss, positions);
  const mismatches = positions.flatMap((position, index) => {
    const { name } = at(loss.graph.inputs, position);
    const gradient = at(actual, index).data;
    return differences(loss, position).flatMap((difference, entry) => {
      const analytic = gradient[entry] ?? Number.NaN;
      const near = Math.abs(analytic - difference) <= TOLERANCE * Math.max(1, Math.abs(difference));
      return near ? [] : [`d/d${name}[${entry}] is ${difference}, not ${analytic}`];
    });
  });
  expect(mismatches).toEqual([]);
}
