/**
 * Parallel: a loop that is linear in its states, h' = a * h + b, is a scan over prefixes, of logarithmic depth. Two steps are
 * one, with the factor a₂a₁ and the term a₂b₁ + b₂; solving half as many steps gives every second state, and those between
 * follow from them (G. Blelloch, 1990; E. Martin and C. Cundy, ICLR 2018).
 */
import { copyNode, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { elements } from "../ir/dims.js";
import { at, present } from "../ir/present.js";
import type { Graph, NodeOf, Value } from "../ir/types.js";
import { linearOrder } from "./linear.js";
import { batchNode, producersOf, rewriteLoops } from "./loop-body.js";
import { expectedSize, type Pass, type PassContext } from "./pass.js";

/*
 * Microseconds, on a CPU of two cores: calling a kernel, starting a step of a loop, and each entry that a kernel works on. They
 * decide which form is made, and no result.
 */
const CALL = 2;
const STEP = 4;
const ENTRY = 1 / 1500;

/** Kernels of one level of the prefix scan; and entries that they all work on, for each of the sequence. */
const LEVEL_CALLS = 14;
const LEVEL_ENTRIES = 14;

/** Whether a loop whose number of steps is known is expected to be faster as a scan over prefixes. */
function pays(node: NodeOf<"Scan">, steps: number, context: PassContext): boolean {
  const { body } = node.attributes;
  const { inner } = scanOperands(node);
  const entries = inner.states.reduce(
    (sum, { type }) => sum + expectedSize(elements(type.shape), context, Number.POSITIVE_INFINITY),
    0,
  );
  const calls = body.nodes.filter(({ op }) => op !== "Constant").length;
  const inTurn = steps * (STEP + calls * (CALL + (entries / inner.states.length) * ENTRY));
  const levels = Math.ceil(Math.log2(steps));
  return levels * LEVEL_CALLS * CALL * inner.states.length + 2 * steps * entries * LEVEL_ENTRIES * ENTRY < inTurn;
}

/** Whether some loop of a graph would become parallel, were its number of steps known. */
export function hasParallelLoop(graph: Graph, context: PassContext): boolean {
  return graph.nodes.some((node) => {
    if (node.op !== "Scan") return false;
    const steps = expectedSize(node.attributes.length, context, 0);
    return steps > 1 && linearOrder(node) !== undefined && pays(node, steps, context);
  });
}

/** The steps of a linear loop: factors and terms, [steps, ...state], and the state before the first. */
interface Steps {
  readonly factors: Value;
  readonly terms: Value;
  readonly first: Value;
  readonly count: number;
  readonly reverse: boolean;
}

const cut = (b: Builder, value: Value, from: number, to: number) => b.slice(value, 0, from, to);

/** [2n, …] as the entries in even places and those in odd ones, each [n, …]. */
function halves(b: Builder, value: Value): readonly [Value, Value] {
  const [count = 0, ...rest] = value.type.shape;
  const parts = b.split(b.reshape(value, [Number(count) / 2, 2, ...rest]), [1, 1], 1);
  return [b.squeeze(at(parts, 0), [1]), b.squeeze(at(parts, 1), [1])];
}

function interleave(b: Builder, even: Value, odd: Value): Value {
  const [count = 0, ...rest] = even.type.shape;
  return b.reshape(b.concat([b.unsqueeze(even, [1]), b.unsqueeze(odd, [1])], 1), [Number(count) * 2, ...rest]);
}

/** The states before each step, from those after it. */
function before(b: Builder, after: Value, { first, count, reverse }: Omit<Steps, "factors" | "terms">): Value {
  const start = b.unsqueeze(first, [0]);
  if (count === 1) return start;
  return b.concat(reverse ? [cut(b, after, 1, count), start] : [start, cut(b, after, 0, count - 1)], 0);
}

/** The states after each step, [steps, ...state]. */
function solve(b: Builder, steps: Steps): Value {
  const { factors, terms, first, count, reverse } = steps;
  if (count === 1) return b.add(b.mul(factors, b.unsqueeze(first, [0])), terms);
  const pairs = Math.floor(count / 2);
  // An odd step is the one that is walked last.
  const start = reverse ? count - 2 * pairs : 0;
  const paired = (value: Value) => halves(b, cut(b, value, start, start + 2 * pairs));
  const [evenFactors, oddFactors] = paired(factors);
  const [evenTerms, oddTerms] = paired(terms);
  const [a1, b1] = reverse ? [oddFactors, oddTerms] : [evenFactors, evenTerms];
  const [a2, b2] = reverse ? [evenFactors, evenTerms] : [oddFactors, oddTerms];
  const half = { factors: b.mul(a2, a1), terms: b.add(b.mul(a2, b1), b2), first, count: pairs, reverse };
  const seconds = solve(b, half);
  const firsts = b.add(b.mul(a1, before(b, seconds, half)), b1);
  const both = reverse ? interleave(b, seconds, firsts) : interleave(b, firsts, seconds);
  if (count === 2 * pairs) return both;
  const place = reverse ? 0 : count - 1;
  const last = reverse ? cut(b, both, 0, 1) : cut(b, both, count - 2, count - 1);
  const tail = b.add(b.mul(cut(b, factors, place, place + 1), last), cut(b, terms, place, place + 1));
  return b.concat(reverse ? [tail, both] : [both, tail], 0);
}

/** Values of the body over all steps at once. */
interface Over {
  readonly value: Value;
  readonly sliced: boolean;
}

function inParallel(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  order: readonly number[],
  steps: number,
): readonly Value[] {
  const { body, states, reverse, length } = node.attributes;
  const { inner } = scanOperands(node);
  const { outer } = scanOperands({ inputs: operands, attributes: node.attributes });
  const producers = producersOf(body);
  const known = new Map<Value, Over>();
  for (const [index, slice] of inner.scans.entries()) known.set(slice, { value: at(outer.scans, index), sliced: true });
  for (const [index, capture] of inner.captures.entries())
    known.set(capture, { value: at(outer.captures, index), sliced: false });

  const over = (value: Value): Over => {
    const found = known.get(value);
    if (found !== undefined) return found;
    const made = present(producers.get(value), "a state that is solved");
    const inputs = made.inputs.map(over);
    const values = inputs.map((input) => input.value);
    const sliced = inputs.map((input) => input.sliced);
    const isSliced = sliced.some(Boolean);
    const outputs = isSliced ? batchNode(b, made, values, sliced, length) : copyNode(b, made, values);
    for (const [index, output] of made.outputs.entries())
      known.set(output, { value: at(outputs, index), sliced: isSliced });
    return over(value);
  };
  const whole = (value: Value): Value => {
    const { value: found, sliced } = over(value);
    return sliced ? found : b.expand(b.unsqueeze(found, [0]), [length, ...value.type.shape]);
  };

  /** A value beside states of some rank: what is the same at every step broadcasts as it is. */
  const beside = (value: Value, rank: number): Value => {
    const { value: found, sliced } = over(value);
    const { shape } = value.type;
    if (!sliced || shape.length === rank) return found;
    return b.reshape(found, [length, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
  };

  const final = new Map<number, Value>();
  for (const place of order) {
    const state = at(inner.states, place);
    const first = at(outer.states, place);
    const shape = [length, ...state.type.shape];
    const { factor, term } = affine(
      b,
      at(body.outputs, place),
      state,
      (value) => beside(value, state.type.shape.length),
      producers,
      reaches(body, state),
    );
    const given = { first, count: steps, reverse };
    const expanded = (part: Value) => b.expand(part, shape);
    const after = solve(b, { factors: expanded(factor), terms: expanded(term), ...given });
    known.set(state, { value: before(b, after, given), sliced: true });
    const last = reverse ? 0 : steps - 1;
    final.set(place, b.squeeze(cut(b, after, last, last + 1), [0]));
  }
  return body.outputs.map((output, index) => (index < states ? (final.get(index) as Value) : whole(output)));
}

/** The values of a body that a state reaches. */
function reaches(body: Graph, state: Value): ReadonlySet<Value> {
  const found = new Set([state]);
  for (const node of body.nodes)
    if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output);
  return found;
}

/** A value of the body as factor * state + term, over all steps. */
interface Form {
  readonly factor: Value;
  readonly term: Value;
}

/** A value of the body as factor * state + term, over all steps; both broadcast. */
function affine(
  b: Builder,
  value: Value,
  state: Value,
  whole: (value: Value) => Value,
  producers: ReturnType<typeof producersOf>,
  reached: ReadonlySet<Value>,
): Form {
  const scalar = (number: number) => b.scalar(number, state.type.dtype);
  const formOf = (part: Value): Form => {
    if (part === state) return { factor: scalar(1), term: scalar(0) };
    if (!reached.has(part)) return { factor: scalar(0), term: whole(part) };
    const { op, inputs } = present(producers.get(part), "what makes a linear value");
    const form = (index: number) => formOf(at(inputs, index));
    const scaled = ({ factor, term }: Form, by: (part: Value) => Value): Form => ({
      factor: by(factor),
      term: by(term),
    });
    switch (op) {
      case "Identity":
        return form(0);
      case "Neg":
        return scaled(form(0), (each) => b.mul(each, -1));
      case "Add":
      case "Sub": {
        const [x, y] = [form(0), form(1)];
        const join = op === "Add" ? b.add : b.sub;
        return { factor: join(x.factor, y.factor), term: join(x.term, y.term) };
      }
      case "Mul": {
        const [own, other] = reached.has(at(inputs, 0)) ? [0, 1] : [1, 0];
        const by = whole(at(inputs, other));
        return scaled(form(own), (each) => b.mul(each, by));
      }
      case "Div": {
        const by = whole(at(inputs, 1));
        return scaled(form(0), (each) => b.div(each, by));
      }
      case "Where": {
        const condition = whole(at(inputs, 0));
        const [x, y] = [form(1), form(2)];
        return {
          factor: b.where(condition, x.factor, y.factor),
          term: b.where(condition, x.term, y.term),
        };
      }
      default:
        throw new Error(`${op} is not linear`);
    }
  };
  return formOf(value);
}

/** Every linear loop whose number of steps is known, where `chosen` says so. */
export function prefixScans(graph: Graph, chosen: (node: NodeOf<"Scan">, steps: number) => boolean): Graph {
  return rewriteLoops(graph, (b, node, operands) => {
    const steps = node.attributes.length;
    if (typeof steps !== "number" || steps < 2 || node.attributes.states === 0) return undefined;
    const order = linearOrder(node);
    return order !== undefined && chosen(node, steps) ? inParallel(b, node, operands, order, steps) : undefined;
  });
}

export const parallel: Pass = {
  name: "parallel",
  description:
    "A narrow loop that is linear in its states, h' = a * h + b → a scan over prefixes, of logarithmic depth.",
  run: (graph, context) => prefixScans(graph, (node, steps) => pays(node, steps, context)),
};
