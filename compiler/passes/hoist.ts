/** Hoist: what does not depend on a loop's states leaves it and runs once over all steps. */
import type { Source } from "../graph/build.js";
import { copyNode, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at, present } from "../ir/present.js";
import type { Node, NodeOf, Value } from "../ir/types.js";
import { batchNode, canBatch, rebuildBody, rebuildScan, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** Where a value of the body is to be had outside: the same at every step, or one slice of it per step. */
interface Place {
  readonly outer: Value;
  readonly sliced: boolean;
}

/** Whether a step turns a matrix for products that stay in the loop, which turn it by themselves. */
function isTurnedInside({ op, outputs }: Node, loop: NodeOf<"Scan">): boolean {
  if (op !== "Transpose") return false;
  const { body } = loop.attributes;
  const turned = at(outputs, 0);
  const readers = body.nodes.filter(({ inputs }) => inputs.includes(turned));
  const free = stateFree(loop);
  const stays = (reader: Node) => reader.op === "MatMul" && !free.has(at(reader.outputs, 0));
  return readers.length > 0 && readers.every(stays) && !body.outputs.includes(turned);
}

/** A loop without its state-free steps, those of them that may leave; `batch` makes such a step for all steps of the loop at once. */
export function hoistScan(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  mayLeave: (step: Node) => boolean = () => true,
  batch: typeof batchNode = batchNode,
): readonly Value[] | undefined {
  const { body, states, length, rerun } = node.attributes;
  if (rerun) return undefined;
  const { inner } = scanOperands(node);
  const { outer } = scanOperands({ inputs: operands, attributes: node.attributes });
  const places = new Map<Value, Place>();
  inner.scans.forEach((value, index) => {
    places.set(value, { outer: at(outer.scans, index), sliced: true });
  });
  inner.captures.forEach((value, index) => {
    places.set(value, { outer: at(outer.captures, index), sliced: false });
  });

  const left = new Set(body.nodes);
  let hoisted = 0;
  for (const step of body.nodes) {
    // A constant stays where it is used, and is also made outside for whoever leaves.
    if (step.op === "Constant") {
      places.set(at(step.outputs, 0), { outer: at(copyNode(b, step, []), 0), sliced: false });
      continue;
    }
    const found: Place[] = [];
    for (const input of step.inputs) {
      const place = places.get(input);
      if (place !== undefined) found.push(place);
    }
    if (found.length < step.inputs.length || !mayLeave(step)) continue;
    const inputs = found.map((place) => place.outer);
    const batched = found.map((place) => place.sliced);
    const sliced = batched.some(Boolean);
    if (sliced && (isTurnedInside(step, node) || !canBatch(step, batched))) continue;
    const outputs = sliced ? batch(b, step, inputs, batched, length) : copyNode(b, step, inputs);
    step.outputs.forEach((output, index) => {
      places.set(output, { outer: at(outputs, index), sliced });
    });
    left.delete(step);
    hoisted++;
  }
  const stackedPlaces = body.outputs.slice(states).map((output) => places.get(output));
  if (hoisted === 0 && stackedPlaces.every((place) => place === undefined)) return undefined;

  const source = (value: Value): Source => {
    const place = present(places.get(value), `a value of ${body.name} outside`);
    return place.sliced ? { slice: place.outer } : { capture: place.outer };
  };
  const rebuilt = rebuildBody(node, inner.states, (step) => left.has(step), source);
  const kept = body.outputs.filter((_, index) => index < states || stackedPlaces[index - states] === undefined);
  const results = rebuildScan(b, node, outer.states, outer.scans, rebuilt, kept);
  // Outputs that left are had outside already.
  return body.outputs.map((output, index) => {
    const place = index < states ? undefined : stackedPlaces[index - states];
    if (place === undefined) return at(results, kept.indexOf(output, index < states ? index : states));
    return place.sliced ? place.outer : b.expand(b.unsqueeze(place.outer, [0]), [length, ...output.type.shape]);
  });
}

export const hoist: Pass = {
  name: "hoist",
  description: "What does not depend on a loop's states runs before it, over all steps: x_t @ W per step → X @ W once.",
  run: (graph) => rewriteLoops(graph, (b, node, operands) => hoistScan(b, node, operands)),
};
