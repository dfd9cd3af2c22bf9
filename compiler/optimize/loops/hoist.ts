/** Hoist: what does not depend on a loop's states leaves it and runs once over all steps. */
import type { OuterSource } from "../../graph/builder.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Node, NodeOf, Value } from "../../ir/types.js";
import { isExact, isInexactScalar, isSmall } from "../exactness.js";
import type { Pass } from "../pass.js";
import { targetOf } from "../target/index.js";
import { batchNode, canBatch, rebuildBody, rebuildScan, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

/** Where a value of the body is to be had outside: the same at every step, or one slice of it per step. */
interface OuterValue {
  readonly value: Value;
  readonly perStep: boolean;
}

/** Whether a step turns a matrix for products that stay in the loop, which turn it by themselves. */
function feedsProductsInLoop({ op, outputs }: Node, loop: NodeOf<"Scan">): boolean {
  if (op !== "Transpose") return false;
  const { body } = loop.attributes;
  const transposed = at(outputs, 0);
  const readers = body.nodes.filter(({ inputs }) => inputs.includes(transposed));
  const independent = stateIndependent(loop);
  const staysInLoop = (reader: Node) => reader.op === "MatMul" && !independent.has(at(reader.outputs, 0));
  return readers.length > 0 && readers.every(staysInLoop) && !body.outputs.includes(transposed);
}

/** A loop without its state-free steps, those of them that may leave; `batch` makes such a step for all steps of the loop at once. */
export function hoistScan(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
  canMove: (node: Node) => boolean = () => true,
  batch: typeof batchNode = batchNode,
): readonly Value[] | undefined {
  const { body, stateCount, length, rematerialize: checkpoint } = loop.attributes;
  if (checkpoint) return undefined;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const outerValues = new Map<Value, OuterValue>();
  inner.scans.forEach((value, index) => {
    outerValues.set(value, { value: at(outer.scans, index), perStep: true });
  });
  inner.captures.forEach((value, index) => {
    outerValues.set(value, { value: at(outer.captures, index), perStep: false });
  });

  const remaining = new Set(body.nodes);
  let hoisted = 0;
  for (const node of body.nodes) {
    // A constant stays where it is used, and is also made outside for whoever leaves.
    if (node.op === "Constant") {
      outerValues.set(at(node.outputs, 0), { value: at(b.copy(node, []), 0), perStep: false });
      continue;
    }
    // An Identity without a node outside: the rebuilt body may need one again, and hoist would never reach a fixpoint.
    const alias = node.op === "Identity" ? outerValues.get(at(node.inputs, 0)) : undefined;
    if (alias !== undefined) {
      outerValues.set(at(node.outputs, 0), alias);
      continue;
    }
    const operandValues: OuterValue[] = [];
    for (const input of node.inputs) {
      const outerValue = outerValues.get(input);
      if (outerValue !== undefined) operandValues.push(outerValue);
    }
    if (operandValues.length < node.inputs.length || !canMove(node)) continue;
    const inputs = operandValues.map((outerValue) => outerValue.value);
    const batched = operandValues.map((outerValue) => outerValue.perStep);
    const perStep = batched.some(Boolean);
    if (perStep && (feedsProductsInLoop(node, loop) || !canBatch(node, batched))) continue;
    const outputs = perStep ? batch(b, node, inputs, batched, length) : b.copy(node, inputs);
    node.outputs.forEach((output, index) => {
      outerValues.set(output, { value: at(outputs, index), perStep });
    });
    remaining.delete(node);
    hoisted++;
  }
  const outerOutputs = body.outputs.slice(stateCount).map((output) => outerValues.get(output));
  if (hoisted === 0 && outerOutputs.every((outerValue) => outerValue === undefined)) return undefined;

  const source = (value: Value): OuterSource => {
    const outerValue = expectDefined(outerValues.get(value), `a value of ${body.name} outside`);
    return outerValue.perStep ? { slice: outerValue.value } : { capture: outerValue.value };
  };
  const rebuilt = rebuildBody(loop, inner.states, (node) => remaining.has(node), source);
  const keptOutputs = body.outputs.filter(
    (_, index) => index < stateCount || outerOutputs[index - stateCount] === undefined,
  );
  const results = rebuildScan(b, loop, outer.states, outer.scans, rebuilt, keptOutputs);
  // Outputs that left are had outside already.
  return body.outputs.map((output, index) => {
    const outerValue = index < stateCount ? undefined : outerOutputs[index - stateCount];
    if (outerValue === undefined)
      return at(results, keptOutputs.indexOf(output, index < stateCount ? index : stateCount));
    return outerValue.perStep
      ? outerValue.value
      : b.expand(b.unsqueeze(outerValue.value, [0]), [length, ...output.type.shape]);
  });
}

export const hoist: Pass = {
  name: "hoist",
  description: "What does not depend on a loop's states runs before it, over all steps: x_t @ W per step → X @ W once.",
  run: (graph) => rewriteLoops(graph, (b, loop, operands) => hoistScan(b, loop, operands)),
};

/** An operation on numbers, for all steps: on a vector of each number's repetitions. */
const replicateScalars: (vectorLanes: number) => typeof batchNode =
  (vectorLanes) => (b, node, inputs, batched, length) => {
    if (!isInexactScalar(node)) return batchNode(b, node, inputs, batched, length);
    const replicate = (scalars: Value) => b.expand(b.unsqueeze(scalars, [1]), [length, vectorLanes]);
    const operands = inputs.map((input, index) => (batched[index] ? replicate(input) : input));
    return b.copy(node, operands).map((rows) => b.squeeze(b.slice(rows, 1, 0, 1), [1]));
  };

export const hoistExact: Pass = {
  name: "hoist-exact",
  after: ["induction-variables"],
  description:
    "Small work on the batches of a call's steps is done for all of them at once, before the loop over the steps.",
  run: (graph, context) => {
    const { vectorLanes } = targetOf(context);
    const isReproducible = (node: Node) => isExact(node) || (vectorLanes !== undefined && isInexactScalar(node));
    const batch = vectorLanes === undefined ? batchNode : replicateScalars(vectorLanes);
    return rewriteLoops(graph, (b, loop, operands) =>
      hoistScan(b, loop, operands, (node) => isReproducible(node) && isSmall(node, context), batch),
    );
  },
};
