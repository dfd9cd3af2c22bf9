/** Recall: what is made of a loop's stacked values, and is in the loop already, is stacked there instead. */
import { graphBuilder } from "../../graph/builder.js";
import { scanOperands } from "../../graph/rewrite.js";
import { withSameInputs } from "../../graph/value-map.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, NodeOf, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import { readersOf, transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { isWide } from "../target/index.js";

/** A value of a loop's body that the loop stacks, or could. */
export interface LoopOutput {
  readonly loop: NodeOf<"Scan">;
  readonly inner: Value;
}

/** The step of a body that does with some of its values what a node does with their stacks. */
export function findEquivalentNode(node: Node, operands: readonly Value[], body: Graph): Node | undefined {
  const attributes = JSON.stringify(node.attributes);
  return body.nodes.find((candidate) => {
    if (candidate.op !== node.op || JSON.stringify(candidate.attributes) !== attributes) return false;
    const isSame = (order: readonly Value[]) => candidate.inputs.every((input, index) => input === order[index]);
    return isSame(operands) || (traitsOf(node).commutative && isSame(operands.toReversed()));
  });
}

/** What a loop stacks of its body, which it does not make a second time. */
export function outputsOfLoop(loop: NodeOf<"Scan">): readonly (readonly [Value, LoopOutput])[] {
  const { body, stateCount, rematerialize: checkpoint } = loop.attributes;
  if (checkpoint) return [];
  return loop.outputs
    .slice(stateCount)
    .map((output, index) => [output, { loop, inner: at(body.outputs, stateCount + index) }]);
}

/** Which values of a graph are values of its loops' bodies: those that are stacked, and those that are made of them again. */
function loopValuesOf(graph: Graph, context: PassContext): ReadonlyMap<Value, LoopOutput> {
  const readers = readersOf(graph);
  const loopValues = new Map<Value, LoopOutput>();
  for (const node of graph.nodes) {
    if (node.op === "Scan") {
      for (const [output, loopOutput] of outputsOfLoop(node)) loopValues.set(output, loopOutput);
      continue;
    }
    const sources = node.inputs.map((input) => loopValues.get(input));
    const loop = sources[0]?.loop;
    if (
      traitsOf(node).family !== "elementwise" ||
      loop === undefined ||
      sources.some((source) => source?.loop !== loop)
    )
      continue;
    const { body, stateCount } = loop.attributes;
    const operands = sources.map((source) => expectDefined(source, "a stack").inner);
    const inner = findEquivalentNode(node, operands, body)?.outputs[0];
    if (inner === undefined) continue;
    // One more wide stack costs what it saves, unless it stands for that of a state, which is a copy.
    const { states: stateValues } = scanOperands(loop).inner;
    const replacesState = (input: Value, index: number) =>
      readers.get(input)?.length === 1 && !graph.outputs.includes(input) && stateValues.includes(at(operands, index));
    const isOutput = body.outputs.includes(inner, stateCount);
    if (isOutput || !isWide(inner.type.shape, context) || node.inputs.some(replacesState))
      loopValues.set(at(node.outputs, 0), { loop, inner });
  }
  return loopValues;
}

function withReusedValues(graph: Graph, context: PassContext): Graph {
  const loopValues = loopValuesOf(graph, context);
  const isReused = (node: Node) => node.op !== "Scan" && node.outputs.some((output) => loopValues.has(output));
  const reusedNodes = graph.nodes.filter(isReused);
  if (reusedNodes.length === 0) return graph;
  const valuesByLoop = new Map<Node, Set<Value>>();
  for (const node of reusedNodes) {
    const { loop, inner } = loopValues.get(at(node.outputs, 0)) as LoopOutput;
    valuesByLoop.set(loop, (valuesByLoop.get(loop) ?? new Set()).add(inner));
  }
  const b = graphBuilder(graph.name);
  /** Stacks by the values of bodies. */
  const outputsByValue = new Map<Value, Value>();
  const map = withSameInputs(b, graph.inputs, (old) =>
    expectDefined(outputsByValue.get((loopValues.get(old) as LoopOutput).inner), "a stack of a loop"),
  );
  for (const node of graph.nodes) {
    if (isReused(node)) continue;
    const operands = node.inputs.map(map.get);
    let outputs: readonly Value[];
    const loopValues = valuesByLoop.get(node);
    if (node.op === "Scan" && loopValues !== undefined) {
      const { body, stateCount } = node.attributes;
      const newOutputs = [...loopValues].filter((inner) => !body.outputs.includes(inner, stateCount));
      const bodyOutputs = [...body.outputs, ...newOutputs];
      outputs = b.apply("Scan", operands, { ...node.attributes, body: { ...body, outputs: bodyOutputs } });
      outputs.forEach((output, index) => {
        if (index >= stateCount) outputsByValue.set(at(bodyOutputs, index), output);
      });
    } else outputs = b.copy(node, operands);
    map.record(node, outputs);
  }
  return b.finish(graph.outputs.map(map.get));
}

export const reuseLoopValues: Pass = {
  name: "reuse-loop-values",
  description:
    "What a loop has made already is not made of its stacks again: h_t = o_t * c_t in the loop, o * c after it → h.",
  run: (graph, context) => transformRecursively(graph, (subgraph) => withReusedValues(subgraph, context)),
};
