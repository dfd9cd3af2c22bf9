/** The operators of a program whose own derivative is wrong, at the values that they have in the program. */
import { differentiate } from "../../autodiff/reverse.js";
import type { Program } from "../../elaborate/program.js";
import { graphBuilder, ruleOf } from "../../graph/builder.js";
import { evaluate } from "../../graph/evaluate.js";
import { at } from "../../ir/expect.js";
import { tabulate } from "../../ir/tensor.js";
import type { Node, OpName, Tensor, Value } from "../../ir/types.js";
import { equationTarget, layersOfNodes } from "../probed-values.js";
import { compareEntries } from "./tensors.js";

export interface Suspect {
  /** The primitive: `Tanh`. */
  readonly operator: string;
  /** The layer's name; null for the loss. */
  readonly layer: string | null;
  /** The name that the equation of the operator sets, or that of the next value with a name; null without one. */
  readonly target: string | null;
}

const ENTRIES = 4;

/**
 * @param sizes of the symbols of the program.
 * @param program without loops where that is possible: of a loop only the body's operators have derivatives of their own.
 * @param operands its inputs.
 * @returns each operator once for each layer and name, in order.
 */
export function suspectOperators(
  program: Program,
  operands: readonly Tensor[],
  sizes: ReadonlyMap<string, number>,
  random: () => number,
): readonly Suspect[] {
  const { graph } = program;
  const layerAt = layersOfNodes(program);
  const values = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)];
  const results = evaluate({ ...graph, outputs: values }, operands);
  const tensors = new Map(values.map((value, index) => [value, at(results, index)]));
  const tensorOf = (value: Value) => tensors.get(value) as Tensor;
  const suspects = new Map<string, Suspect>();
  for (const [position, node] of graph.nodes.entries()) {
    const { vjp } = ruleOf<OpName>(node.op);
    if (typeof vjp === "string" || hasRightDerivative(node, tensorOf, sizes, random)) continue;
    const named = graph.nodes
      .slice(position)
      .flatMap(({ outputs }) => outputs)
      .find(({ name }) => name !== undefined);
    const layer = layerAt(position);
    const target = (layer === null ? undefined : equationTarget(layer, named?.name)) ?? named?.name ?? null;
    const suspect: Suspect = { operator: node.op, layer, target };
    suspects.set(JSON.stringify(suspect), suspect);
  }
  return [...suspects.values()];
}

/** False where some entry of the derivative of a weighted sum of the node's results is wrong. */
function hasRightDerivative(
  node: Node,
  tensorOf: (value: Value) => Tensor,
  sizes: ReadonlyMap<string, number>,
  random: () => number,
): boolean {
  const b = graphBuilder("operator");
  const isFloat = ({ type }: Value) => type.dtype === "float32";
  const inputs = node.inputs.map(({ type }, index) => b.input(`operand ${index}`, type));
  const floats = inputs.flatMap((input, index) => (isFloat(input) ? [index] : []));
  const results = b.copy(node, inputs).flatMap((output, index) => (isFloat(output) ? [{ output, index }] : []));
  if (results.length === 0 || floats.length === 0) return true;
  const weights = results.map(({ output, index }) => b.input(`weight ${index}`, output.type));
  const sums = results.map(({ output }, index) => b.sum(b.mul(output, at(weights, index))));
  const forward = b.finish([sums.reduce((x, y) => b.add(x, y))]);
  const factors = results.map(({ index }) =>
    tabulate("float32", tensorOf(at(node.outputs, index)).shape, () => random() - 0.5),
  );
  const given = [...node.inputs.map(tensorOf), ...factors];
  const gradients = evaluate(differentiate(forward, 0, floats), given, sizes).slice(1);
  return floats.every((position, index) => {
    const lossOf = (tensor: Tensor) => at(at(evaluate(forward, given.with(position, tensor), sizes), 0).data, 0);
    const derivative = { tensor: at(given, position), gradient: at(gradients, index), lossOf };
    return compareEntries(derivative, ENTRIES, random).every(({ verdict }) => verdict !== "wrong");
  });
}
