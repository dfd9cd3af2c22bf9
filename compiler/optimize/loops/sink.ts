/** Sink: what no state depends on leaves the loop and runs after it; sums over the steps are made from stacked terms. */

import type { OuterSource } from "../../graph/builder.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Node, NodeOf, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import { isExact, isSmall } from "../exactness.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import {
  batchNode,
  canBatch,
  countReaders,
  producersOf,
  rebuildBody,
  rebuildScan,
  rewriteLoops,
} from "./rewrite-loop.js";

/** A state that only sums: its next value is itself plus a term that nothing else reads. */
interface Accumulator {
  readonly stateIndex: number;
  readonly addition: Node;
  readonly term: Value;
}

/** What leaves a loop, and what is stacked for it. */
interface Plan {
  readonly accumulators: readonly Accumulator[];
  /** Nodes that stay; and those that run after the loop, in order. */
  readonly kept: ReadonlySet<Node>;
  readonly moved: readonly Node[];
  /** Values that the loop stacks: what its readers want of it and what the sunk nodes read. */
  readonly loopOutputs: readonly Value[];
}

type CanMove = (node: Node) => boolean;

function findAccumulators(loop: NodeOf<"Scan">, readers: ReadonlyMap<Value, number>): readonly Accumulator[] {
  const { body } = loop.attributes;
  const states = scanOperands(loop).inner.states;
  return states.flatMap((state, index): Accumulator[] => {
    const next = at(body.outputs, index);
    const addition = body.nodes.find((node) => node.op === "Add" && node.outputs[0] === next);
    if (addition === undefined || readers.get(state) !== 1 || readers.get(next) !== 1) return [];
    const [x, y] = [at(addition.inputs, 0), at(addition.inputs, 1)];
    if (x !== state && y !== state) return [];
    return [{ stateIndex: index, addition, term: x === state ? y : x }];
  });
}

/**
 * A sum of products is made in the loop where its factors' stacks are long, which would lie in memory and not in the cache: by products
 * of so many rows that the kernel has its full rate, into a matrix that stays in the cache.
 */
function accumulatesInLoop(
  { term }: Accumulator,
  loop: NodeOf<"Scan">,
  producers: ReadonlyMap<Value, Node>,
  context: PassContext,
): boolean {
  const product = producers.get(term);
  if (product?.op !== "MatMul" || term.type.shape.length !== 2) return false;
  // In float16 each step would round the sum; a product of all steps rounds it once.
  if (term.type.dtype === "float16") return false;
  const { minRows, minStackedElements, maxResultElements } = targetOf(context).accumulateInLoop;
  const { shape } = at(product.inputs, 1).type;
  const sizeOr = (dim: Dim, otherwise: number) => expectedSize(dim, context, otherwise);
  const rows = sizeOr(at(shape, 0), 0);
  const stackedSize = rows * sizeOr(at(shape, 1), 0) * sizeOr(loop.attributes.length, 0);
  return (
    rows >= minRows &&
    stackedSize >= minStackedElements &&
    sizeOr(elementCount(term.type.shape), Number.POSITIVE_INFINITY) <= maxResultElements
  );
}

function planOf(loop: NodeOf<"Scan">, context: PassContext, canMove: CanMove): Plan {
  const { body, stateCount } = loop.attributes;
  const { inner } = scanOperands(loop);
  const readerCounts = countReaders(body);
  const producers = producersOf(body);
  const accumulators = findAccumulators(loop, readerCounts).filter(
    (accumulator) => canMove(accumulator.addition) && !accumulatesInLoop(accumulator, loop, producers, context),
  );
  const additions = new Set(accumulators.map((accumulator) => accumulator.addition));
  const nodes = body.nodes.filter(
    (node) => !additions.has(node) && node.outputs.some((output) => readerCounts.has(output)),
  );
  // What is the same at every step, and all that is outside without being stacked.
  const invariants = new Set(nodes.filter((node) => node.op === "Constant").flatMap((node) => node.outputs));
  for (const capture of inner.captures) invariants.add(capture);
  const available = new Set([...inner.scans, ...invariants]);

  const results = [...body.outputs.slice(stateCount), ...accumulators.map((accumulator) => accumulator.term)];
  const needed = new Set(results.filter((value) => !available.has(value)));
  const accumulatorStates = new Set(accumulators.map((accumulator) => accumulator.stateIndex));
  const nextStates = body.outputs.filter((_, index) => index < stateCount && !accumulatorStates.has(index));
  const remainingReaders = new Map<Value, number>();
  for (const value of [...nodes.flatMap((node) => node.inputs), ...nextStates])
    remainingReaders.set(value, (remainingReaders.get(value) ?? 0) + 1);
  // Entries that values are expected to have; what cannot be known counts as much.
  const totalSize = (values: readonly Value[]) =>
    [...new Set(values)].reduce(
      (accumulator, value) =>
        accumulator + expectedSize(elementCount(value.type.shape), context, Number.POSITIVE_INFINITY),
      0,
    );
  const isOutside = (value: Value) => available.has(value) || needed.has(value);
  const isProfitable = (node: Node) =>
    traitsOf(node).worthStacking ||
    totalSize(node.inputs.filter((input) => !isOutside(input))) <=
      totalSize(node.outputs.filter((output) => needed.has(output)));
  const canSink = (node: Node) => {
    const batched = node.inputs.map((input) => !invariants.has(input));
    return (
      node.outputs.some((output) => needed.has(output)) &&
      node.outputs.every((output) => (remainingReaders.get(output) ?? 0) === 0) &&
      batched.some(Boolean) &&
      canMove(node) &&
      isProfitable(node) &&
      canBatch(node, batched)
    );
  };

  // What one node wants may make another one's price: they are asked again until none leaves.
  const moved = new Set<Node>();
  for (let previousSize = -1; previousSize !== moved.size; ) {
    previousSize = moved.size;
    for (const node of [...nodes].reverse()) {
      if (moved.has(node) || !canSink(node)) continue;
      moved.add(node);
      for (const output of node.outputs) needed.delete(output);
      for (const input of node.inputs) {
        remainingReaders.set(input, expectDefined(remainingReaders.get(input), "a reader") - 1);
        if (!available.has(input)) needed.add(input);
      }
    }
  }
  const kept = new Set(nodes.filter((node) => !moved.has(node)));
  return { accumulators, kept, moved: nodes.filter((node) => moved.has(node)), loopOutputs: [...needed] };
}

function applyPlan(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
  { accumulators, kept, moved, loopOutputs }: Plan,
): readonly Value[] {
  const { body, stateCount, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const accumulatorStates = new Set(accumulators.map((accumulator) => accumulator.stateIndex));
  const isCarried = (_: Value, index: number) => index < stateCount && !accumulatorStates.has(index);

  const source = (value: Value): OuterSource => {
    const scanIndex = inner.scans.indexOf(value);
    if (scanIndex >= 0) return { slice: at(outer.scans, scanIndex) };
    return { capture: at(outer.captures, inner.captures.indexOf(value)) };
  };
  const carriedStates = inner.states.filter(isCarried);
  const rebuilt = rebuildBody(loop, carriedStates, (node) => kept.has(node), source);
  const outputs = [...body.outputs.filter(isCarried), ...loopOutputs];
  const results = rebuildScan(b, loop, outer.states.filter(isCarried), outer.scans, rebuilt, outputs);

  // The body's values outside the loop: scanned, captured, stacked, or made there now.
  const outerValues = new Map<Value, { readonly outer: Value; readonly sliced: boolean }>();
  const recordOuter = (values: readonly Value[], outside: readonly Value[], sliced: boolean) =>
    values.forEach((value, index) => {
      outerValues.set(value, { outer: at(outside, index), sliced });
    });
  recordOuter(inner.scans, outer.scans, true);
  recordOuter(inner.captures, outer.captures, false);
  for (const node of body.nodes) if (node.op === "Constant") recordOuter(node.outputs, b.copy(node, []), false);
  recordOuter(loopOutputs, results.slice(carriedStates.length), true);
  const outerValueOf = (value: Value) => expectDefined(outerValues.get(value), `a value of ${body.name} outside`);
  for (const node of moved) {
    const found = node.inputs.map(outerValueOf);
    const batchedOutputs = batchNode(
      b,
      node,
      found.map((each) => each.outer),
      found.map((each) => each.sliced),
      length,
    );
    recordOuter(node.outputs, batchedOutputs, true);
  }
  const overTime = (value: Value): Value => {
    const found = outerValueOf(value);
    return found.sliced ? found.outer : b.expand(b.unsqueeze(found.outer, [0]), [length, ...value.type.shape]);
  };
  return body.outputs.map((output, index) => {
    const accumulator = accumulators.find((candidate) => candidate.stateIndex === index);
    if (accumulator !== undefined) return b.add(at(outer.states, index), b.sum(overTime(accumulator.term), [0]));
    return index < stateCount ? at(results, carriedStates.indexOf(at(inner.states, index))) : overTime(output);
  });
}

/** A loop without the steps that no state depends on, those of them that may leave. */
export function sinkScan(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
  context: PassContext,
  canMove: CanMove = () => true,
): readonly Value[] | undefined {
  if (loop.attributes.rematerialize) return undefined;
  const plan = planOf(loop, context, canMove);
  return plan.moved.length + plan.accumulators.length === 0 ? undefined : applyPlan(b, loop, operands, plan);
}

export const sink: Pass = {
  name: "sink",
  description: "What no state depends on runs after the loop: a weight's gradient, summed step by step → one product.",
  run: (graph, context) => rewriteLoops(graph, (b, loop, operands) => sinkScan(b, loop, operands, context)),
};

export const sinkExact: Pass = {
  name: "sink-exact",
  after: ["hoist-exact"],
  description:
    "Small work on what a call's steps report is done for all of them at once, after the loop over the steps.",
  run: (graph, context) =>
    rewriteLoops(graph, (b, loop, operands) =>
      sinkScan(b, loop, operands, context, (node) => isExact(node) && isSmall(node, context)),
    ),
};
