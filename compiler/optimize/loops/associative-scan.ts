/**
 * Associative scan: a loop that is affine in its state, h' = a * h + b, becomes a parallel prefix scan of logarithmic
 * depth. Two steps compose to one with the factor a₂a₁ and the term a₂b₁ + b₂; solving half as many steps gives every
 * second state, and the states between follow (G. Blelloch, 1990; E. Martin and C. Cundy, ICLR 2018).
 */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";
import { affineOrder, dependentsOf } from "./affine-recurrence.js";
import { applyOutside, type OuterValue, outerOperands, overTime } from "./outer-values.js";
import { type Loop, rewriteLoops } from "./rewrite-loop.js";

/** Kernel calls of one level of the prefix scan, and elements that they process for each element of the sequence. */
const LEVEL_CALLS = 14;
const LEVEL_ELEMENTS = 14;

/** True when a prefix scan is requested, or expected to be faster than the loop. */
function isProfitable(loop: Loop, timeSteps: number, context: PassContext): boolean {
  if (context.recurrence === "loop" || context.recurrence === "scan") return context.recurrence === "scan";
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

/** True when a loop of a graph would become a prefix scan if its length were static. */
export function hasParallelizableLoop(graph: Graph, context: PassContext): boolean {
  return graph.nodes.some((node) => {
    if (node.op !== "Scan") return false;
    const timeSteps = expectedSize(node.attributes.length, context, 0);
    return timeSteps > 1 && affineOrder(node) !== undefined && isProfitable(node, timeSteps, context);
  });
}

/** An affine recurrence: factors and terms, [time, ...state], and the initial state. */
interface Recurrence {
  readonly factors: Value;
  readonly terms: Value;
  readonly first: Value;
  readonly count: number;
  readonly reverse: boolean;
}

const timeSlice = (b: Builder, value: Value, from: number, to: number) => b.slice(value, 0, from, to);

/** The elements of [2n, …] at even and at odd indices, each [n, …]. */
function deinterleave(b: Builder, value: Value): readonly [Value, Value] {
  const [count = 0, ...rest] = value.type.shape;
  const parts = b.split(b.reshape(value, [Number(count) / 2, 2, ...rest]), [1, 1], 1);
  return [b.squeeze(at(parts, 0), [1]), b.squeeze(at(parts, 1), [1])];
}

function interleave(b: Builder, even: Value, odd: Value): Value {
  const [count = 0, ...rest] = even.type.shape;
  return b.reshape(b.concat([b.unsqueeze(even, [1]), b.unsqueeze(odd, [1])], 1), [Number(count) * 2, ...rest]);
}

/** The states before each step from the states after it: shifted by one, with the initial state. */
function shiftByOne(b: Builder, after: Value, { first, count, reverse }: Omit<Recurrence, "factors" | "terms">): Value {
  const start = b.unsqueeze(first, [0]);
  if (count === 1) return start;
  return b.concat(reverse ? [timeSlice(b, after, 1, count), start] : [start, timeSlice(b, after, 0, count - 1)], 0);
}

/** The states after each step, [time, ...state]. */
function solveRecurrence(b: Builder, recurrence: Recurrence): Value {
  const { factors, terms, first, count, reverse } = recurrence;
  if (count === 1) return b.add(b.mul(factors, b.unsqueeze(first, [0])), terms);
  const pairCount = Math.floor(count / 2);
  // Of an odd number of steps the last one in walking order remains.
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

function toPrefixScan(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  order: readonly number[],
  timeSteps: number,
): readonly Value[] {
  const { body, stateCount, reverse, length } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const producers = producersOf(body);
  const outerValues = outerOperands(loop, operands);
  const outerValueOf = (value: Value): OuterValue => {
    const outerValue = outerValues.get(value);
    if (outerValue !== undefined) return outerValue;
    const producer = expectDefined(producers.get(value), "a solved state");
    const outputs = applyOutside(b, producer, producer.inputs.map(outerValueOf), length);
    for (const [index, output] of producer.outputs.entries()) outerValues.set(output, at(outputs, index));
    return outerValueOf(value);
  };
  /** The outer value, shaped to broadcast with [time, ...state] of a state of the rank. */
  const alignedTo = (bodyValue: Value, rank: number): Value => {
    const { value, perStep } = outerValueOf(bodyValue);
    const { shape } = bodyValue.type;
    if (!perStep || shape.length === rank) return value;
    return b.reshape(value, [length, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
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
    outerValues.set(state, { value: shiftByOne(b, statesAfter, recurrence), perStep: true });
    const last = reverse ? 0 : timeSteps - 1;
    finalStates.set(stateIndex, b.squeeze(timeSlice(b, statesAfter, last, last + 1), [0]));
  }
  return body.outputs.map((output, index) =>
    index < stateCount ? (finalStates.get(index) as Value) : overTime(b, outerValueOf(output), length),
  );
}

/** A value of the body as factor * state + term, [time, …] each. */
interface Affine {
  readonly factor: Value;
  readonly term: Value;
}

/** A value of the body as factor * state + term; both broadcast to [time, ...state]. */
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
    const { op, inputs } = expectDefined(producers.get(operand), "the producer of an affine value");
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
        throw new Error(`${op} is not affine`);
    }
  };
  return affineOf(value);
}

/** Replaces affine loops of static length that are selected. */
export function rewriteAsPrefixScans(graph: Graph, isSelected: (loop: Loop, timeSteps: number) => boolean): Graph {
  return rewriteLoops(graph, (b, loop, operands) => {
    const timeSteps = loop.attributes.length;
    if (typeof timeSteps !== "number" || timeSteps < 2 || loop.attributes.stateCount === 0) return undefined;
    const order = affineOrder(loop);
    return order !== undefined && isSelected(loop, timeSteps)
      ? toPrefixScan(b, loop, operands, order, timeSteps)
      : undefined;
  });
}

export const associativeScan: Pass = {
  name: "associative-scan",
  description: "Turns a narrow affine loop into a parallel prefix scan: h' = a * h + b per step → log2(T) levels.",
  after: ["hoist", "sink"],
  run: (graph, context) => rewriteAsPrefixScans(graph, (loop, timeSteps) => isProfitable(loop, timeSteps, context)),
};
