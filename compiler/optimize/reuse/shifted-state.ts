/** Shift: what a loop stacks of a state is what it stacks of the state's next value, one step on. */
import { rewrite } from "../../graph/rewrite.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { producersOf, transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";

/** Steps and rows at the end, as the products over all steps want them. */
const isTimeLastTranspose = (node: Node): boolean => node.op === "Transpose" && node.attributes.perm.join() === "2,0,1";

/** What there is for a stack of a state whose start is zero: the stack of its next value, and the place of the step that has the start. */
interface ShiftedOutput {
  readonly next: Value;
  /** Which of the loop's outputs `next` is. */
  readonly outputIndex: number;
  readonly start: "first" | "last";
}

function shiftedOutputsOf(graph: Graph): ReadonlyMap<Value, ShiftedOutput> {
  const producers = producersOf(graph);
  const isZero = (value: Value): boolean => {
    const producer = producers.get(value);
    if (producer?.op === "Expand") return isZero(at(producer.inputs, 0));
    return producer?.op === "Constant" && producer.attributes.value.data.every((entry) => entry === 0);
  };
  const shiftedOutputs = new Map<Value, ShiftedOutput>();
  for (const loop of graph.nodes) {
    if (loop.op !== "Scan" || loop.attributes.rematerialize) continue;
    const { body, stateCount, reverse } = loop.attributes;
    for (let state = 0; state < stateCount; state++) {
      const stateOutput = body.outputs.indexOf(at(body.inputs, state), stateCount);
      const next = body.outputs.indexOf(at(body.outputs, state), stateCount);
      if (stateOutput < 0 || next < 0 || stateOutput === next || !isZero(at(loop.inputs, state))) continue;
      const start = reverse ? "last" : "first";
      shiftedOutputs.set(at(loop.outputs, stateOutput), { next: at(loop.outputs, next), outputIndex: next, start });
    }
  }
  return shiftedOutputs;
}

function reuseShiftedOutputs(graph: Graph): Graph {
  const shiftedOutputs = shiftedOutputsOf(graph);
  if (shiftedOutputs.size === 0) return graph;
  const transposed = new Set(graph.nodes.filter(isTimeLastTranspose).map(({ inputs }) => at(inputs, 0)));
  return rewrite(graph, (node, { b, inputs, producer }) => {
    const shiftedOutput = isTimeLastTranspose(node) ? shiftedOutputs.get(at(node.inputs, 0)) : undefined;
    if (shiftedOutput === undefined || !transposed.has(shiftedOutput.next)) return undefined;
    const next = expectDefined(producer(at(inputs, 0)), "the loop").outputs[shiftedOutput.outputIndex];
    const [before, after] = shiftedOutput.start === "first" ? [1, -1] : [-1, 1];
    return [b.pad(b.transpose(expectDefined(next, "a stack"), [2, 0, 1]), 1, before, after)];
  });
}

export const reuseShiftedState: Pass = {
  name: "shift",
  description: "The stack of a state that starts at zero, turned, is that of its next value moved on by a step.",
  run: (graph) => transformRecursively(graph, reuseShiftedOutputs),
};
