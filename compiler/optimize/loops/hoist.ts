/**
 * Loop-invariant code motion and loop fission: state-independent nodes leave a loop and run once over all time steps.
 */
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Node, Value } from "../../ir/types.js";
import { isExact, isInexactScalar, isSmall } from "../exactness.js";
import type { Pass } from "../pass.js";
import { targetOf } from "../target/index.js";
import { applyOutside, type OuterValue, outerOperands, outerSource, overTime } from "./outer-values.js";
import { batchNode, canBatch, type Loop, rebuildLoop, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

/** True for a transpose of a matrix for products that stay in the loop: fuse-gemm folds the transpose into them. */
function feedsProductsInLoop({ op, outputs }: Node, loop: Loop): boolean {
  if (op !== "Transpose") return false;
  const { body } = loop.attributes;
  const transposed = at(outputs, 0);
  const readers = body.nodes.filter(({ inputs }) => inputs.includes(transposed));
  const independent = stateIndependent(loop);
  const staysInLoop = (reader: Node) => reader.op === "MatMul" && !independent.has(at(reader.outputs, 0));
  return readers.length > 0 && readers.every(staysInLoop) && !body.outputs.includes(transposed);
}

/**
 * The loop without its state-independent nodes; undefined when none can move. A rematerialized loop stays whole.
 *
 * @param canMove whether a state-independent node may leave the loop.
 * @param batch runs a node for all time steps at once.
 */
function hoistFromLoop(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  canMove: (node: Node) => boolean = () => true,
  batch: typeof batchNode = batchNode,
): readonly Value[] | undefined {
  const { body, stateCount, length, rematerialize } = loop.attributes;
  if (rematerialize) return undefined;
  const outerValues = outerOperands(loop, operands);
  const remaining = new Set(body.nodes);
  let hasMoved = false;
  for (const node of body.nodes) {
    // The body keeps its constants; the hoisted nodes read copies.
    if (node.op === "Constant") {
      outerValues.set(at(node.outputs, 0), { value: at(b.copy(node, []), 0), perStep: false });
      continue;
    }
    // An Identity moves without a node: a rebuilt body may need it again, and hoist would reach no fixpoint.
    const alias = node.op === "Identity" ? outerValues.get(at(node.inputs, 0)) : undefined;
    if (alias !== undefined) {
      outerValues.set(at(node.outputs, 0), alias);
      continue;
    }
    const inputs = node.inputs.flatMap((input): OuterValue[] => {
      const outerValue = outerValues.get(input);
      return outerValue === undefined ? [] : [outerValue];
    });
    if (inputs.length < node.inputs.length || !canMove(node)) continue;
    const batched = inputs.map(({ perStep }) => perStep);
    if (batched.some(Boolean) && (feedsProductsInLoop(node, loop) || !canBatch(node, batched))) continue;
    const outputs = applyOutside(b, node, inputs, length, batch);
    node.outputs.forEach((output, index) => {
      outerValues.set(output, at(outputs, index));
    });
    remaining.delete(node);
    hasMoved = true;
  }
  const scanOutputs = body.outputs.slice(stateCount).map((output) => outerValues.get(output));
  if (!hasMoved && scanOutputs.every((outerValue) => outerValue === undefined)) return undefined;

  const outputs = body.outputs.filter(
    (_, index) => index < stateCount || scanOutputs[index - stateCount] === undefined,
  );
  const results = rebuildLoop(b, loop, operands, {
    keeps: (node) => remaining.has(node),
    source: (value) => outerSource(expectDefined(outerValues.get(value), `an outer value for ${body.name}`)),
    outputs,
  });
  return body.outputs.map((output, index) => {
    const outerValue = index < stateCount ? undefined : scanOutputs[index - stateCount];
    if (outerValue !== undefined) return overTime(b, outerValue, length);
    return at(results, outputs.indexOf(output, index < stateCount ? index : stateCount));
  });
}

export const hoist: Pass = {
  name: "hoist",
  description: "Moves state-independent nodes before their loop, over all time steps: x_t @ W per step → X @ W once.",
  after: ["lerp", "add-before-split", "reassociate", "factor-out", "distribute"],
  run: (graph) => rewriteLoops(graph, (b, loop, operands) => hoistFromLoop(b, loop, operands)),
};

/** A batching rule that computes a function of scalars on full vectors, where every lane rounds as one scalar does. */
const batchOnFullVectors =
  (vectorLanes: number): typeof batchNode =>
  (b, node, inputs, batched, length) => {
    if (!isInexactScalar(node)) return batchNode(b, node, inputs, batched, length);
    const replicate = (scalars: Value) => b.expand(b.unsqueeze(scalars, [1]), [length, vectorLanes]);
    const operands = inputs.map((input, index) => (batched[index] ? replicate(input) : input));
    return b.copy(node, operands).map((rows) => b.squeeze(b.slice(rows, 1, 0, 1), [1]));
  };

/**
 * On the loop over the steps of a call, where calling a kernel is the cost. Only small bit-exact nodes move: the result
 * of a step must not depend on the number of steps per call. Speedup, together with `induction-variables`: 1.06
 * for hihello, in processor time.
 */
export const hoistExact: Pass = {
  name: "hoist-exact",
  description:
    "Moves small bit-exact nodes on the batches of a call before the loop over its steps: cast(x_t) → cast(X).",
  after: ["induction-variables"],
  run: (graph, context) => {
    const { vectorLanes } = targetOf(context);
    const isReproducible = (node: Node) => isExact(node) || (vectorLanes !== undefined && isInexactScalar(node));
    const canMove = (node: Node) => isReproducible(node) && isSmall(node, context);
    const batch = vectorLanes === undefined ? batchNode : batchOnFullVectors(vectorLanes);
    return rewriteLoops(graph, (b, loop, operands) => hoistFromLoop(b, loop, operands, canMove, batch));
  },
};
