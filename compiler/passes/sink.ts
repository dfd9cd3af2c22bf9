/** Sink: what no state depends on leaves the loop and runs after it; sums over the steps are made from stacked terms. */
import type { Source } from "../graph/build.js";
import { copyNode, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { elements } from "../ir/dims.js";
import { at, present } from "../ir/present.js";
import type { Dim, Node, NodeOf, Value } from "../ir/types.js";
import { batchNode, canBatch, countReaders, producersOf, rebuildBody, rebuildScan, rewriteLoops } from "./loop-body.js";
import { expectedSize, type Pass, type PassContext } from "./pass.js";

/** A state that only sums: its next value is itself plus a term that nothing else reads. */
interface Sum {
  readonly state: number;
  readonly addition: Node;
  readonly term: Value;
}

/** What leaves a loop, and what is stacked for it. */
interface Plan {
  readonly sums: readonly Sum[];
  /** Nodes that stay; and those that run after the loop, in order. */
  readonly kept: ReadonlySet<Node>;
  readonly sunk: readonly Node[];
  /** Values that the loop stacks: what its readers want of it and what the sunk nodes read. */
  readonly stacked: readonly Value[];
}

type MayLeave = (step: Node) => boolean;

/** Products and sums are worth their operands' memory: over all steps at once they are one large kernel. */
const alwaysSinks: ReadonlySet<string> = new Set(["MatMul", "Gemm", "ReduceSum"]);

function findSums(node: NodeOf<"Scan">, readers: ReadonlyMap<Value, number>): readonly Sum[] {
  const { body } = node.attributes;
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

/**
 * A sum of products is made in the loop where its factors' stacks are long, which would lie in memory and not in the cache: by products
 * of so many rows that the kernel has its full rate, into a matrix that stays in the cache.
 */
const LONG = 2 ** 21;
const ROWS = 64;
const MATRIX = 2 ** 16;

function isMadeInside(
  { term }: Sum,
  node: NodeOf<"Scan">,
  producers: ReadonlyMap<Value, Node>,
  context: PassContext,
): boolean {
  const product = producers.get(term);
  if (context.cached === false || product?.op !== "MatMul" || term.type.shape.length !== 2) return false;
  // In float16 each step would round the sum; a product of all steps rounds it once.
  if (term.type.dtype === "float16") return false;
  const { shape } = at(product.inputs, 1).type;
  const sizeOr = (dim: Dim, otherwise: number) => expectedSize(dim, context, otherwise);
  const rows = sizeOr(at(shape, 0), 0);
  const stack = rows * sizeOr(at(shape, 1), 0) * sizeOr(node.attributes.length, 0);
  return rows >= ROWS && stack >= LONG && sizeOr(elements(term.type.shape), Number.POSITIVE_INFINITY) <= MATRIX;
}

function planOf(node: NodeOf<"Scan">, context: PassContext, mayLeave: MayLeave): Plan {
  const { body, states } = node.attributes;
  const { inner } = scanOperands(node);
  const live = countReaders(body);
  const producers = producersOf(body);
  const sums = findSums(node, live).filter(
    (sum) => mayLeave(sum.addition) && !isMadeInside(sum, node, producers, context),
  );
  const additions = new Set(sums.map((sum) => sum.addition));
  const steps = body.nodes.filter((step) => !additions.has(step) && step.outputs.some((output) => live.has(output)));
  // What is the same at every step, and all that is outside without being stacked.
  const fixed = new Set(steps.filter((step) => step.op === "Constant").flatMap((step) => step.outputs));
  for (const capture of inner.captures) fixed.add(capture);
  const given = new Set([...inner.scans, ...fixed]);

  const results = [...body.outputs.slice(states), ...sums.map((sum) => sum.term)];
  const wanted = new Set(results.filter((value) => !given.has(value)));
  const summed = new Set(sums.map((sum) => sum.state));
  const nextStates = body.outputs.filter((_, index) => index < states && !summed.has(index));
  const readers = new Map<Value, number>();
  for (const value of [...steps.flatMap((step) => step.inputs), ...nextStates])
    readers.set(value, (readers.get(value) ?? 0) + 1);
  // Entries that values are expected to have; what cannot be known counts as much.
  const entries = (values: readonly Value[]) =>
    [...new Set(values)].reduce(
      (sum, value) => sum + expectedSize(elements(value.type.shape), context, Number.POSITIVE_INFINITY),
      0,
    );
  const isOutside = (value: Value) => given.has(value) || wanted.has(value);
  const pays = (step: Node) =>
    alwaysSinks.has(step.op) ||
    entries(step.inputs.filter((input) => !isOutside(input))) <=
      entries(step.outputs.filter((output) => wanted.has(output)));
  const canSink = (step: Node) => {
    const varies = step.inputs.map((input) => !fixed.has(input));
    return (
      step.outputs.some((output) => wanted.has(output)) &&
      step.outputs.every((output) => (readers.get(output) ?? 0) === 0) &&
      varies.some(Boolean) &&
      mayLeave(step) &&
      pays(step) &&
      canBatch(step, varies)
    );
  };

  // What one node wants may make another one's price: they are asked again until none leaves.
  const sunk = new Set<Node>();
  for (let before = -1; before !== sunk.size; ) {
    before = sunk.size;
    for (const step of [...steps].reverse()) {
      if (sunk.has(step) || !canSink(step)) continue;
      sunk.add(step);
      for (const output of step.outputs) wanted.delete(output);
      for (const input of step.inputs) {
        readers.set(input, present(readers.get(input), "a reader") - 1);
        if (!given.has(input)) wanted.add(input);
      }
    }
  }
  const kept = new Set(steps.filter((step) => !sunk.has(step)));
  return { sums, kept, sunk: steps.filter((step) => sunk.has(step)), stacked: [...wanted] };
}

function withPlan(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  { sums, kept, sunk, stacked }: Plan,
): readonly Value[] {
  const { body, states, length } = node.attributes;
  const { inner } = scanOperands(node);
  const { outer } = scanOperands({ inputs: operands, attributes: node.attributes });
  const summed = new Set(sums.map((sum) => sum.state));
  const isCarried = (_: Value, index: number) => index < states && !summed.has(index);

  const source = (value: Value): Source => {
    const scanned = inner.scans.indexOf(value);
    if (scanned >= 0) return { slice: at(outer.scans, scanned) };
    return { capture: at(outer.captures, inner.captures.indexOf(value)) };
  };
  const carried = inner.states.filter(isCarried);
  const rebuilt = rebuildBody(node, carried, (step) => kept.has(step), source);
  const outputs = [...body.outputs.filter(isCarried), ...stacked];
  const results = rebuildScan(b, node, outer.states.filter(isCarried), outer.scans, rebuilt, outputs);

  // The body's values outside the loop: scanned, captured, stacked, or made there now.
  const places = new Map<Value, { readonly outer: Value; readonly sliced: boolean }>();
  const place = (values: readonly Value[], outside: readonly Value[], sliced: boolean) =>
    values.forEach((value, index) => {
      places.set(value, { outer: at(outside, index), sliced });
    });
  place(inner.scans, outer.scans, true);
  place(inner.captures, outer.captures, false);
  for (const step of body.nodes) if (step.op === "Constant") place(step.outputs, copyNode(b, step, []), false);
  place(stacked, results.slice(carried.length), true);
  const placeOf = (value: Value) => present(places.get(value), `a value of ${body.name} outside`);
  for (const step of sunk) {
    const found = step.inputs.map(placeOf);
    const made = batchNode(
      b,
      step,
      found.map((each) => each.outer),
      found.map((each) => each.sliced),
      length,
    );
    place(step.outputs, made, true);
  }
  const overSteps = (value: Value): Value => {
    const found = placeOf(value);
    return found.sliced ? found.outer : b.expand(b.unsqueeze(found.outer, [0]), [length, ...value.type.shape]);
  };
  return body.outputs.map((output, index) => {
    const sum = sums.find((candidate) => candidate.state === index);
    if (sum !== undefined) return b.add(at(outer.states, index), b.sum(overSteps(sum.term), [0]));
    return index < states ? at(results, carried.indexOf(at(inner.states, index))) : overSteps(output);
  });
}

/** A loop without the steps that no state depends on, those of them that may leave. */
export function sinkScan(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  context: PassContext,
  mayLeave: MayLeave = () => true,
): readonly Value[] | undefined {
  if (node.attributes.rerun) return undefined;
  const plan = planOf(node, context, mayLeave);
  return plan.sunk.length + plan.sums.length === 0 ? undefined : withPlan(b, node, operands, plan);
}

export const sink: Pass = {
  name: "sink",
  description: "What no state depends on runs after the loop: a weight's gradient, summed step by step → one product.",
  run: (graph, context) => rewriteLoops(graph, (b, node, operands) => sinkScan(b, node, operands, context)),
};
