/**
 * Loop fission: nodes that no state depends on leave a loop and run once after it, over all time steps; a state that
 * only accumulates terms becomes one sum over the stacked terms.
 */
import { countReaders, producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Node, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import { isExact, isSmall } from "../exactness.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import { applyOutside, outerOperands, outerSource, overTime } from "./outer-values.js";
import { canBatch, type Loop, rebuildLoop, rewriteLoops } from "./rewrite-loop.js";

/** A state whose next value is the state plus a term, and which nothing else reads. */
interface Accumulator {
  readonly stateIndex: number;
  readonly addition: Node;
  readonly term: Value;
}

/** The nodes that leave a loop, and the values that the loop stacks for them. */
interface Plan {
  readonly accumulators: readonly Accumulator[];
  /** Nodes that stay, and nodes that run after the loop, in order. */
  readonly kept: ReadonlySet<Node>;
  readonly moved: readonly Node[];
  /** Scan outputs: those of the loop before, and the operands of the moved nodes. */
  readonly loopOutputs: readonly Value[];
}

type CanMove = (node: Node) => boolean;

function findAccumulators(loop: Loop, readers: ReadonlyMap<Value, number>): readonly Accumulator[] {
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
 * True for a sum of products that is faster inside the loop: the stacked operands exceed the cache, the product of one
 * step has enough rows for the full rate of the kernel, and the accumulated matrix fits in the cache.
 */
function accumulatesInLoop(
  { term }: Accumulator,
  loop: Loop,
  producers: ReadonlyMap<Value, Node>,
  context: PassContext,
): boolean {
  const product = producers.get(term);
  if (product?.op !== "MatMul" || term.type.shape.length !== 2) return false;
  // In float16 the sum would be rounded at every step, and one product over all steps rounds once.
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

function planOf(loop: Loop, context: PassContext, canMove: CanMove): Plan {
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
  // Invariant values, and the values that exist outside without being stacked.
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
  // Elements of distinct values; an unknown size counts as infinite.
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

  // A moved node needs its operands, which can make moving their producers profitable: repeat until nothing moves.
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
  loop: Loop,
  operands: readonly Value[],
  { accumulators, kept, moved, loopOutputs }: Plan,
): readonly Value[] {
  const { body, stateCount, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const accumulatorStates = new Set(accumulators.map((accumulator) => accumulator.stateIndex));
  const keepsState = (index: number) => !accumulatorStates.has(index);
  const carriedStates = inner.states.filter((_, index) => keepsState(index));
  const outerValues = outerOperands(loop, operands);
  const outerValueOf = (value: Value) => expectDefined(outerValues.get(value), `an outer value for ${body.name}`);
  const results = rebuildLoop(b, loop, operands, {
    keepsState,
    keeps: (node) => kept.has(node),
    source: (value) => outerSource(outerValueOf(value)),
    outputs: [...body.outputs.slice(0, stateCount).filter((_, index) => keepsState(index)), ...loopOutputs],
  });

  for (const node of body.nodes)
    if (node.op === "Constant")
      outerValues.set(at(node.outputs, 0), { value: at(b.copy(node, []), 0), perStep: false });
  loopOutputs.forEach((value, index) => {
    outerValues.set(value, { value: at(results, carriedStates.length + index), perStep: true });
  });
  for (const node of moved) {
    const outputs = applyOutside(b, node, node.inputs.map(outerValueOf), length);
    node.outputs.forEach((output, index) => {
      outerValues.set(output, at(outputs, index));
    });
  }
  const stacked = (value: Value) => overTime(b, outerValueOf(value), length);
  return body.outputs.map((output, index) => {
    const accumulator = accumulators.find(({ stateIndex }) => stateIndex === index);
    if (accumulator !== undefined) return b.add(at(outer.states, index), b.sum(stacked(accumulator.term), [0]));
    return index < stateCount ? at(results, carriedStates.indexOf(at(inner.states, index))) : stacked(output);
  });
}

/**
 * The loop without the nodes that no state depends on; undefined when none can move. A rematerialized loop stays whole.
 */
function sinkFromLoop(
  b: Builder,
  loop: Loop,
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
  description:
    "Moves nodes that no state depends on after their loop: a sum of x_tᵀ @ g_t per step → one sum over all.",
  after: ["hoist"],
  run: (graph, context) => rewriteLoops(graph, (b, loop, operands) => sinkFromLoop(b, loop, operands, context)),
};

/**
 * On the loop over the steps of a call; see `hoistExact`. Speedup, together with hoisted functions of scalars
 * and `tanh-gradient`: 1.05 for hihello.
 */
export const sinkExact: Pass = {
  name: "sink-exact",
  description:
    "Moves small bit-exact nodes on reported values after the loop over the steps of a call: 2 * y_t → 2 * Y.",
  after: ["hoist-exact"],
  run: (graph, context) => {
    const canMove = (node: Node) => isExact(node) && isSmall(node, context);
    return rewriteLoops(graph, (b, loop, operands) => sinkFromLoop(b, loop, operands, context, canMove));
  },
};
