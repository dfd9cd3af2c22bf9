/** Shift: what a loop stacks of a state is what it stacks of the state's next value, one step on. */
import { rewrite } from "../graph/rewrite.js";
import { at, present } from "../ir/present.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { inBodies, producersOf } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** Steps and rows at the end, as the products over all steps want them. */
const turns = (node: Node): boolean => node.op === "Transpose" && node.attributes.perm.join() === "2,0,1";

/** What there is for a stack of a state whose start is zero: the stack of its next value, and the place of the step that has the start. */
interface Follower {
  readonly next: Value;
  /** Which of the loop's outputs `next` is. */
  readonly output: number;
  readonly start: "first" | "last";
}

function followersOf(graph: Graph): ReadonlyMap<Value, Follower> {
  const producers = producersOf(graph);
  const isZero = (value: Value): boolean => {
    const made = producers.get(value);
    if (made?.op === "Expand") return isZero(at(made.inputs, 0));
    return made?.op === "Constant" && made.attributes.value.data.every((entry) => entry === 0);
  };
  const followers = new Map<Value, Follower>();
  for (const loop of graph.nodes) {
    if (loop.op !== "Scan" || loop.attributes.rerun) continue;
    const { body, states, reverse } = loop.attributes;
    for (let state = 0; state < states; state++) {
      const stack = body.outputs.indexOf(at(body.inputs, state), states);
      const next = body.outputs.indexOf(at(body.outputs, state), states);
      if (stack < 0 || next < 0 || stack === next || !isZero(at(loop.inputs, state))) continue;
      const start = reverse ? "last" : "first";
      followers.set(at(loop.outputs, stack), { next: at(loop.outputs, next), output: next, start });
    }
  }
  return followers;
}

function shifted(graph: Graph): Graph {
  const followers = followersOf(graph);
  if (followers.size === 0) return graph;
  const turned = new Set(graph.nodes.filter(turns).map(({ inputs }) => at(inputs, 0)));
  return rewrite(graph, (node, { b, inputs, producer }) => {
    const follower = turns(node) ? followers.get(at(node.inputs, 0)) : undefined;
    if (follower === undefined || !turned.has(follower.next)) return undefined;
    const next = present(producer(at(inputs, 0)), "the loop").outputs[follower.output];
    const [before, after] = follower.start === "first" ? [1, -1] : [-1, 1];
    return [b.pad(b.transpose(present(next, "a stack"), [2, 0, 1]), 1, before, after)];
  });
}

export const shift: Pass = {
  name: "shift",
  description: "The stack of a state that starts at zero, turned, is that of its next value moved on by a step.",
  run: (graph) => inBodies(graph, shifted),
};
