/** Sink: what no state depends on leaves the loop and runs after it; sums over the steps are made from stacked terms. */
import type { Source } from "../graph/build.js";
import { copyNode, rewrite, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { elements, sizeOf } from "../ir/dims.js";
import type { Node, NodeOf, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { batchNode, canBatch, countReaders, rebuildBody, rebuildScan } from "./loop-body.js";
import type { Pass, PassContext } from "./pass.js";

/** A state that only sums: its next value is itself plus a term that nothing else reads. */
interface Sum {
  readonly state: number;
  readonly addition: Node;
  readonly term: Value;
}

function findSums(node: NodeOf<"Scan">): readonly Sum[] {
  const { body } = node.attributes;
  const readers = countReaders(body);
  const states = scanOperands(node).inner.states;
  return states.flatMap((state, index): Sum[] => {
    const next = at(body.outputs, index);
    const addition = body.nodes.find((step) => step.op === "Add" && step.outputs[0] === next);
    if (addition === undefined || readers.get(state) !== 1 || readers.get(next) !== 1) return [];
    const [x, y] = [at(addition.inputs, 0), at(addition.inputs, 1)];
    if (x !== state && y !== state) return [];
    return [{ state: index, addition, term: x === state ? y : x }];
  });
}

/** How many entries a value is expected to have; what cannot be known counts as much. */
function expectedElements(value: Value, { expected }: PassContext): number {
  return sizeOf(elements(value.type.shape), expected) ?? Number.POSITIVE_INFINITY;
}

/** Products are worth their operands' memory: over all steps at once they are one large GEMM. */
const alwaysSinks: ReadonlySet<string> = new Set(["MatMul", "Gemm"]);

function sinkScan(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  context: PassContext,
): readonly Value[] | undefined {
  const { body, states, length } = node.attributes;
  const { inner } = scanOperands(node);
  const { outer } = scanOperands({ inputs: operands, attributes: node.attributes });
  const sums = findSums(node);
  const summed = new Set(sums.map((sum) => sum.state));
  const carried = inner.states.filter((_, index) => !summed.has(index));
  const nextStates = body.outputs.filter((_, index) => index < states && !summed.has(index));

  // Values wanted outside, step by step; and how often the loop itself reads each value.
  const wanted = new Set([...body.outputs.slice(states), ...sums.map((sum) => sum.term)]);
  const additions = new Set(sums.map((sum) => sum.addition));
  const steps = body.nodes.filter((step) => !additions.has(step));
  const readers = new Map(countReaders({ ...body, nodes: steps, outputs: nextStates }));
  const constants = new Set(steps.filter((step) => step.op === "Constant").flatMap((step) => step.outputs));
  const outside = (value: Value) =>
    inner.scans.includes(value) || inner.captures.includes(value) || constants.has(value) || wanted.has(value);
  const varies = (value: Value) => !inner.captures.includes(value) && !constants.has(value);

  const sunk: Node[] = [];
  for (const step of [...steps].reverse()) {
    if (step.op === "Constant" || step.outputs.some((output) => (readers.get(output) ?? 0) > 0)) continue;
    if (!step.outputs.some((output) => wanted.has(output)) || !canBatch(step, step.inputs.map(varies))) continue;
    if (!step.inputs.some(varies)) continue;
    const cost = (values: Iterable<Value>) =>
      [...new Set(values)].reduce((sum, value) => sum + expectedElements(value, context), 0);
    const saved = cost(step.outputs.filter((output) => wanted.has(output)));
    const spent = cost(step.inputs.filter((input) => !outside(input)));
    if (spent > saved && !alwaysSinks.has(step.op)) continue;
    sunk.unshift(step);
    for (const output of step.outputs) wanted.delete(output);
    for (const input of step.inputs) {
      readers.set(input, (readers.get(input) ?? 0) - 1);
      if (!outside(input)) wanted.add(input);
    }
  }
  if (sunk.length === 0 && sums.length === 0) return undefined;

  const source = (value: Value): Source => {
    const scanned = inner.scans.indexOf(value);
    if (scanned >= 0) return { slice: at(outer.scans, scanned) };
    return { capture: at(outer.captures, inner.captures.indexOf(value)) };
  };
  const leaving = new Set([...sunk, ...additions]);
  const rebuilt = rebuildBody(node, carried, (step) => !leaving.has(step), source);
  const stacked = [...wanted];
  const initial = outer.states.filter((_, index) => !summed.has(index));
  const results = rebuildScan(b, node, initial, outer.scans, rebuilt, [...nextStates, ...stacked]);

  // The body's values outside the loop: stacked, scanned, captured, or made there now.
  const places = new Map<Value, { readonly outer: Value; readonly sliced: boolean }>();
  inner.scans.forEach((value, index) => {
    places.set(value, { outer: at(outer.scans, index), sliced: true });
  });
  inner.captures.forEach((value, index) => {
    places.set(value, { outer: at(outer.captures, index), sliced: false });
  });
  for (const step of steps) {
    if (step.op === "Constant") places.set(at(step.outputs, 0), { outer: at(copyNode(b, step, []), 0), sliced: false });
  }
  stacked.forEach((value, index) => {
    places.set(value, { outer: at(results, carried.length + index), sliced: true });
  });
  const placeOf = (value: Value) => {
    const place = places.get(value);
    if (place === undefined) throw new Error(`${value.name ?? "a value"} of ${body.name} is not to be had outside`);
    return place;
  };
  for (const step of sunk) {
    const found = step.inputs.map(placeOf);
    const outputs = batchNode(
      b,
      step,
      found.map((place) => place.outer),
      found.map((place) => place.sliced),
      length,
    );
    step.outputs.forEach((output, index) => {
      places.set(output, { outer: at(outputs, index), sliced: true });
    });
  }
  const overSteps = (value: Value): Value => {
    const place = placeOf(value);
    return place.sliced ? place.outer : b.expand(b.unsqueeze(place.outer, [0]), [length, ...value.type.shape]);
  };
  return body.outputs.map((output, index) => {
    const sum = sums.find((candidate) => candidate.state === index);
    if (sum !== undefined) return b.add(at(outer.states, index), b.sum(overSteps(sum.term), [0]));
    return index < states ? at(results, carried.indexOf(at(inner.states, index))) : overSteps(output);
  });
}

export const sink: Pass = {
  name: "sink",
  description: "What no state depends on runs after the loop: a weight's gradient, summed step by step → one product.",
  run: (graph, context) =>
    rewrite(graph, (node, { b, inputs }) => (node.op === "Scan" ? sinkScan(b, node, inputs, context) : undefined)),
};
