/** Recall: what is made of a loop's stacked values, and is in the loop already, is stacked there instead. */
import { graphBuilder } from "../graph/build.js";
import { sameInputs } from "../graph/counterparts.js";
import { copyNode, scanOperands } from "../graph/rewrite.js";
import { at, present } from "../ir/present.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
import { elementwise } from "../ops/elementwise.js";
import { commutative } from "./cse.js";
import { inBodies, readersOf } from "./loop-body.js";
import type { Pass, PassContext } from "./pass.js";
import { isWide } from "./width.js";

/** A value of a loop's body that the loop stacks, or could. */
export interface Stacked {
  readonly loop: NodeOf<"Scan">;
  readonly inner: Value;
}

/** The step of a body that does with some of its values what a node does with their stacks. */
export function sameStep(node: Node, operands: readonly Value[], body: Graph): Node | undefined {
  const text = JSON.stringify(node.attributes);
  return body.nodes.find((step) => {
    if (step.op !== node.op || JSON.stringify(step.attributes) !== text) return false;
    const isSame = (order: readonly Value[]) => step.inputs.every((input, index) => input === order[index]);
    return isSame(operands) || (commutative.has(node.op) && isSame(operands.toReversed()));
  });
}

/** What a loop stacks of its body, which it does not make a second time. */
export function stacksOfLoop(loop: NodeOf<"Scan">): readonly (readonly [Value, Stacked])[] {
  const { body, states, rerun } = loop.attributes;
  if (rerun) return [];
  return loop.outputs.slice(states).map((output, index) => [output, { loop, inner: at(body.outputs, states + index) }]);
}

/** Which values of a graph are values of its loops' bodies: those that are stacked, and those that are made of them again. */
function stacksOf(graph: Graph, context: PassContext): ReadonlyMap<Value, Stacked> {
  const readers = readersOf(graph);
  const stacks = new Map<Value, Stacked>();
  for (const node of graph.nodes) {
    if (node.op === "Scan") {
      for (const [output, stacked] of stacksOfLoop(node)) stacks.set(output, stacked);
      continue;
    }
    const found = node.inputs.map((input) => stacks.get(input));
    const loop = found[0]?.loop;
    if (!(node.op in elementwise) || loop === undefined || found.some((one) => one?.loop !== loop)) continue;
    const { body, states } = loop.attributes;
    const operands = found.map((one) => present(one, "a stack").inner);
    const inner = sameStep(node, operands, body)?.outputs[0];
    if (inner === undefined) continue;
    // One more wide stack costs what it saves, unless it stands for that of a state, which is a copy.
    const { states: carried } = scanOperands(loop).inner;
    const standsFor = (input: Value, index: number) =>
      readers.get(input)?.length === 1 && !graph.outputs.includes(input) && carried.includes(at(operands, index));
    const isStacked = body.outputs.includes(inner, states);
    if (isStacked || !isWide(inner.type.shape, context) || node.inputs.some(standsFor))
      stacks.set(at(node.outputs, 0), { loop, inner });
  }
  return stacks;
}

function recalled(graph: Graph, context: PassContext): Graph {
  const stacks = stacksOf(graph, context);
  const isRecalled = (node: Node) => node.op !== "Scan" && node.outputs.some((output) => stacks.has(output));
  const recalls = graph.nodes.filter(isRecalled);
  if (recalls.length === 0) return graph;
  const wanted = new Map<Node, Set<Value>>();
  for (const node of recalls) {
    const { loop, inner } = stacks.get(at(node.outputs, 0)) as Stacked;
    wanted.set(loop, (wanted.get(loop) ?? new Set()).add(inner));
  }
  const b = graphBuilder(graph.name);
  /** Stacks by the values of bodies. */
  const made = new Map<Value, Value>();
  const here = sameInputs(b, graph.inputs, (old) =>
    present(made.get((stacks.get(old) as Stacked).inner), "a stack of a loop"),
  );
  for (const node of graph.nodes) {
    if (isRecalled(node)) continue;
    const operands = node.inputs.map(here.of);
    let outputs: readonly Value[];
    const stacks = wanted.get(node);
    if (node.op === "Scan" && stacks !== undefined) {
      const { body, states } = node.attributes;
      const more = [...stacks].filter((inner) => !body.outputs.includes(inner, states));
      const all = [...body.outputs, ...more];
      outputs = b.apply("Scan", operands, { ...node.attributes, body: { ...body, outputs: all } });
      outputs.forEach((output, index) => {
        if (index >= states) made.set(at(all, index), output);
      });
    } else outputs = copyNode(b, node, operands);
    here.take(node, outputs);
  }
  return b.finish(graph.outputs.map(here.of));
}

export const recall: Pass = {
  name: "recall",
  description:
    "What a loop has made already is not made of its stacks again: h_t = o_t * c_t in the loop, o * c after it → h.",
  run: (graph, context) => inBodies(graph, (part) => recalled(part, context)),
};
