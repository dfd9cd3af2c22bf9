/**
 * Parallel: a loop that is linear in its states, h' = a * h + b, is a scan over prefixes, of logarithmic depth. Two steps are
 * one, with the factor a₂a₁ and the term a₂b₁ + b₂; solving half as many steps gives every second state, and those between
 * follow from them (G. Blelloch, 1990; E. Martin and C. Cundy, ICLR 2018).
 */
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, NodeOf, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import { linearOrder } from "./affine-recurrence.js";
import { batchNode, producersOf, rewriteLoops } from "./rewrite-loop.js";

/** Kernels of one level of the prefix scan; and entries that they all work on, for each of the sequence. */
const LEVEL_CALLS = 14;
const LEVEL_ELEMENTS = 14;

/** Whether a loop whose number of steps is known is expected to be faster as a scan over prefixes. */
function isProfitable(loop: NodeOf<"Scan">, timeSteps: number, context: PassContext): boolean {
  const { body } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { kernelCallMicroseconds, loopIterationMicroseconds, elementMicroseconds } = targetOf(context);
  const stateSize = inner.states.reduce(
    (sum, { type }) => sum + expectedSize(elementCount(type.shape), context, Number.POSITIVE_INFINITY),
    0,
  );
  const calls = body.nodes.filter(({ op }) => op !== "Constant").length;
  const sequentialCost =
    timeSteps *
    (loopIterationMicroseconds +
      calls * (kernelCallMicroseconds + (stateSize / inner.states.length) * elementMicroseconds));
  const levels = Math.ceil(Math.log2(timeSteps));
  return (
    levels * LEVEL_CALLS * kernelCallMicroseconds * inner.states.length +
      2 * timeSteps * stateSize * LEVEL_ELEMENTS * elementMicroseconds <
    sequentialCost
  );
}

/** Whether some loop of a graph would become parallel, were its number of steps known. */
export function hasParallelizableLoop(graph: Graph, context: PassContext): boolean {
  return graph.nodes.some((node) => {
    if (node.op !== "Scan") return false;
    const timeSteps = expectedSize(node.attributes.length, context, 0);
    return timeSteps > 1 && linearOrder(node) !== undefined && isProfitable(node, timeSteps, context);
  });
}

/** The steps of a linear loop: factors and terms, [steps, ...state], and the state before the first. */
interface Recurrence {
  readonly factors: Value;
  readonly terms: Value;
  readonly first: Value;
  readonly count: number;
  readonly reverse: boolean;
}

const timeSlice = (b: Builder, value: Value, from: number, to: number) => b.slice(value, 0, from, to);

/** [2n, …] as the entries in even places and those in odd ones, each [n, …]. */
function deinterleave(b: Builder, value: Value): readonly [Value, Value] {
  const [count = 0, ...rest] = value.type.shape;
  const parts = b.split(b.reshape(value, [Number(count) / 2, 2, ...rest]), [1, 1], 1);
  return [b.squeeze(at(parts, 0), [1]), b.squeeze(at(parts, 1), [1])];
}

function interleave(b: Builder, even: Value, odd: Value): Value {
  const [count = 0, ...rest] = even.type.shape;
  return b.reshape(b.concat([b.unsqueeze(even, [1]), b.unsqueeze(odd, [1])], 1), [Number(count) * 2, ...rest]);
}

/** The states before each step, from those after it. */
function shiftByOne(b: Builder, after: Value, { first, count, reverse }: Omit<Recurrence, "factors" | "terms">): Value {
  const start = b.unsqueeze(first, [0]);
  if (count === 1) return start;
  return b.concat(reverse ? [timeSlice(b, after, 1, count), start] : [start, timeSlice(b, after, 0, count - 1)], 0);
}

/** The states after each step, [steps, ...state]. */
function solveRecurrence(b: Builder, recurrence: Recurrence): Value {
  const { factors, terms, first, count, reverse } = recurrence;
  if (count === 1) return b.add(b.mul(factors, b.unsqueeze(first, [0])), terms);
  const pairCount = Math.floor(count / 2);
  // An odd step is the one that is walked last.
  const start = reverse ? count - 2 * pairCount : 0;
  const deinterleavePairs = (value: Value) => deinterleave(b, timeSlice(b, value, start, start + 2 * pairCount));
  const [evenFactors, oddFactors] = deinterleavePairs(factors);
  const [evenTerms, oddTerms] = deinterleavePairs(terms);
  const [a1, b1] = reverse ? [oddFactors, oddTerms] : [evenFactors, evenTerms];
  const [a2, b2] = reverse ? [evenFactors, evenTerms] : [oddFactors, oddTerms];
  const half = { factors: b.mul(a2, a1), terms: b.add(b.mul(a2, b1), b2), first, count: pairCount, reverse };
  const secondStates = solveRecurrence(b, half);
  const firstStates = b.add(b.mul(a1, shiftByOne(b, secondStates, half)), b1);
  const states = reverse ? interleave(b, secondStates, firstStates) : interleave(b, firstStates, secondStates);
  if (count === 2 * pairCount) return states;
  const index = reverse ? 0 : count - 1;
  const last = reverse ? timeSlice(b, states, 0, 1) : timeSlice(b, states, count - 2, count - 1);
  const tail = b.add(b.mul(timeSlice(b, factors, index, index + 1), last), timeSlice(b, terms, index, index + 1));
  return b.concat(reverse ? [tail, states] : [states, tail], 0);
}

/** Values of the body over all steps at once. */
interface OverTime {
  readonly value: Value;
  readonly perStep: boolean;
}

function toPrefixScan(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
  order: readonly number[],
  timeSteps: number,
): readonly Value[] {
  const { body, stateCount, reverse, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const producers = producersOf(body);
  const valuesOverTime = new Map<Value, OverTime>();
  for (const [index, slice] of inner.scans.entries())
    valuesOverTime.set(slice, { value: at(outer.scans, index), perStep: true });
  for (const [index, capture] of inner.captures.entries())
    valuesOverTime.set(capture, { value: at(outer.captures, index), perStep: false });

  const overTime = (value: Value): OverTime => {
    const result = valuesOverTime.get(value);
    if (result !== undefined) return result;
    const producer = expectDefined(producers.get(value), "a state that is solved");
    const inputs = producer.inputs.map(overTime);
    const values = inputs.map((input) => input.value);
    const perStep = inputs.map((input) => input.perStep);
    const isPerStep = perStep.some(Boolean);
    const outputs = isPerStep ? batchNode(b, producer, values, perStep, length) : b.copy(producer, values);
    for (const [index, output] of producer.outputs.entries())
      valuesOverTime.set(output, { value: at(outputs, index), perStep: isPerStep });
    return overTime(value);
  };
  const expandOverTime = (value: Value): Value => {
    const { value: result, perStep } = overTime(value);
    return perStep ? result : b.expand(b.unsqueeze(result, [0]), [length, ...value.type.shape]);
  };

  /** A value beside states of some rank: what is the same at every step broadcasts as it is. */
  const alignedTo = (value: Value, rank: number): Value => {
    const { value: result, perStep } = overTime(value);
    const { shape } = value.type;
    if (!perStep || shape.length === rank) return result;
    return b.reshape(result, [length, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
  };

  const finalStates = new Map<number, Value>();
  for (const stateIndex of order) {
    const state = at(inner.states, stateIndex);
    const first = at(outer.states, stateIndex);
    const shape = [length, ...state.type.shape];
    const { factor, term } = asAffine(
      b,
      at(body.outputs, stateIndex),
      state,
      (value) => alignedTo(value, state.type.shape.length),
      producers,
      dependentsOf(body, state),
    );
    const recurrence = { first, count: timeSteps, reverse };
    const expandToState = (operand: Value) => b.expand(operand, shape);
    const statesAfter = solveRecurrence(b, {
      factors: expandToState(factor),
      terms: expandToState(term),
      ...recurrence,
    });
    valuesOverTime.set(state, { value: shiftByOne(b, statesAfter, recurrence), perStep: true });
    const last = reverse ? 0 : timeSteps - 1;
    finalStates.set(stateIndex, b.squeeze(timeSlice(b, statesAfter, last, last + 1), [0]));
  }
  return body.outputs.map((output, index) =>
    index < stateCount ? (finalStates.get(index) as Value) : expandOverTime(output),
  );
}

/** The values of a body that a state reaches. */
function dependentsOf(body: Graph, state: Value): ReadonlySet<Value> {
  const dependents = new Set([state]);
  for (const node of body.nodes)
    if (node.inputs.some((input) => dependents.has(input))) for (const output of node.outputs) dependents.add(output);
  return dependents;
}

/** A value of the body as factor * state + term, over all steps. */
interface Affine {
  readonly factor: Value;
  readonly term: Value;
}

/** A value of the body as factor * state + term, over all steps; both broadcast. */
function asAffine(
  b: Builder,
  value: Value,
  state: Value,
  overTime: (value: Value) => Value,
  producers: ReturnType<typeof producersOf>,
  dependents: ReadonlySet<Value>,
): Affine {
  const scalar = (number: number) => b.scalar(number, state.type.dtype);
  const affineOf = (operand: Value): Affine => {
    if (operand === state) return { factor: scalar(1), term: scalar(0) };
    if (!dependents.has(operand)) return { factor: scalar(0), term: overTime(operand) };
    const { op, inputs } = expectDefined(producers.get(operand), "what makes a linear value");
    const affineOperand = (index: number) => affineOf(at(inputs, index));
    const scaleBy = ({ factor, term }: Affine, by: (operand: Value) => Value): Affine => ({
      factor: by(factor),
      term: by(term),
    });
    switch (op) {
      case "Identity":
        return affineOperand(0);
      case "Neg":
        return scaleBy(affineOperand(0), (each) => b.mul(each, -1));
      case "Add":
      case "Sub": {
        const [x, y] = [affineOperand(0), affineOperand(1)];
        const join = op === "Add" ? b.add : b.sub;
        return { factor: join(x.factor, y.factor), term: join(x.term, y.term) };
      }
      case "Mul": {
        const [dependentIndex, factorIndex] = dependents.has(at(inputs, 0)) ? [0, 1] : [1, 0];
        const by = overTime(at(inputs, factorIndex));
        return scaleBy(affineOperand(dependentIndex), (each) => b.mul(each, by));
      }
      case "Div": {
        const by = overTime(at(inputs, 1));
        return scaleBy(affineOperand(0), (each) => b.div(each, by));
      }
      case "Where": {
        const condition = overTime(at(inputs, 0));
        const [x, y] = [affineOperand(1), affineOperand(2)];
        return {
          factor: b.where(condition, x.factor, y.factor),
          term: b.where(condition, x.term, y.term),
        };
      }
      default:
        throw new Error(`${op} is not linear`);
    }
  };
  return affineOf(value);
}

/** Every linear loop whose number of steps is known, where `chosen` says so. */
export function rewriteAsPrefixScans(
  graph: Graph,
  isSelected: (loop: NodeOf<"Scan">, timeSteps: number) => boolean,
): Graph {
  return rewriteLoops(graph, (b, loop, operands) => {
    const timeSteps = loop.attributes.length;
    if (typeof timeSteps !== "number" || timeSteps < 2 || loop.attributes.stateCount === 0) return undefined;
    const order = linearOrder(loop);
    return order !== undefined && isSelected(loop, timeSteps)
      ? toPrefixScan(b, loop, operands, order, timeSteps)
      : undefined;
  });
}

export const associativeScan: Pass = {
  name: "associative-scan",
  description:
    "A narrow loop that is linear in its states, h' = a * h + b → a scan over prefixes, of logarithmic depth.",
  run: (graph, context) => rewriteAsPrefixScans(graph, (loop, timeSteps) => isProfitable(loop, timeSteps, context)),
};
