/**
 * Elementwise recurrences: a group of states whose next values are s' = a * s + b, entry by entry, where a and b do not
 * depend on the group. Two states may depend on each other, as the parts of a complex number do. In the max-plus
 * semiring the same form is s' = max(a + s, b), the running maximum of a stabilizer.
 */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Node, Value } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";
import type { StateGroups } from "./take-apart.js";

/** Addition and multiplication with their neutral elements. */
export interface Semiring {
  readonly name: "linear" | "max-plus";
  readonly zero: number;
  readonly one: number;
  add(b: Builder, x: Value, y: Value): Value;
  multiply(b: Builder, x: Value, y: Value): Value;
}

export const linear: Semiring = {
  name: "linear",
  zero: 0,
  one: 1,
  add: (b, x, y) => b.add(x, y),
  multiply: (b, x, y) => b.mul(x, y),
};

const maxPlus: Semiring = {
  name: "max-plus",
  zero: Number.NEGATIVE_INFINITY,
  one: 0,
  add: (b, x, y) => b.max(x, y),
  multiply: (b, x, y) => b.add(x, y),
};

/** States that depend on one another at most. */
const MAX_GROUP = 2;

/** The dependence of a value on the states of a group: independent, in the form of the semiring, or any other. */
type Dependence = "independent" | "form" | "other";

/** The semiring in which a group of states has a recurrence; undefined where it has none. */
export function semiringOf(loop: Loop, { dependencies }: StateGroups, group: readonly number[]): Semiring | undefined {
  const { body } = loop.attributes;
  const states = group.map((index) => at(scanOperands(loop).inner.states, index));
  const [{ type } = at(states, 0)] = states;
  if (group.length > MAX_GROUP || states.some((state) => !sameShape(state.type.shape, type.shape))) return undefined;
  const producers = producersOf(body);
  const isOwn = (value: Value) => group.some((index) => dependencies.get(value)?.has(index));
  const rules: readonly (readonly [Semiring, typeof linearDependence])[] = [
    [linear, linearDependence],
    [maxPlus, maxPlusDependence],
  ];
  const found = rules.find(([semiring, rule]) => {
    if (semiring === maxPlus && group.length > 1) return false;
    const known = new Map<Value, Dependence>();
    const dependenceOf = (value: Value): Dependence => {
      if (states.includes(value)) return "form";
      if (!isOwn(value)) return "independent";
      const cached = known.get(value);
      if (cached !== undefined) return cached;
      const producer = producers.get(value);
      const dependence =
        producer === undefined || !sameShape(value.type.shape, type.shape)
          ? "other"
          : rule(producer, producer.inputs.map(dependenceOf));
      known.set(value, dependence);
      return dependence;
    };
    return group.every((index) => dependenceOf(at(body.outputs, index)) !== "other");
  });
  return found?.[0];
}

function linearDependence({ op }: Node, dependences: readonly Dependence[]): Dependence {
  const [first = "independent", second = "independent"] = dependences;
  if (dependences.includes("other")) return "other";
  switch (op) {
    case "Add":
    case "Sub":
    case "Neg":
    case "Identity":
      return "form";
    // The condition is no state: a state has the dtype of the two choices.
    case "Where":
      return first === "independent" ? "form" : "other";
    case "Mul":
      return first === "independent" || second === "independent" ? "form" : "other";
    case "Div":
      return second === "independent" ? "form" : "other";
    default:
      return "other";
  }
}

function maxPlusDependence({ op }: Node, dependences: readonly Dependence[]): Dependence {
  const [first = "independent", second = "independent"] = dependences;
  if (dependences.includes("other")) return "other";
  switch (op) {
    case "Max":
    case "Identity":
      return "form";
    case "Where":
      return first === "independent" ? "form" : "other";
    case "Add":
      return first === "independent" || second === "independent" ? "form" : "other";
    case "Sub":
      return second === "independent" ? "form" : "other";
    default:
      return "other";
  }
}

/** Σ factor * state + term in a semiring, [time, …] each; undefined is its zero. */
export interface Combination {
  readonly factors: readonly (Value | undefined)[];
  readonly term: Value | undefined;
}

/**
 * The next values of a group as combinations of its states.
 *
 * @param overTime a value that does not depend on the group, which broadcasts to [time, ...state].
 */
export function combinationsOf(
  b: Builder,
  loop: Loop,
  { dependencies }: StateGroups,
  group: readonly number[],
  semiring: Semiring,
  overTime: (value: Value) => Value,
): readonly Combination[] {
  const { body } = loop.attributes;
  const states = group.map((index) => at(scanOperands(loop).inner.states, index));
  const producers = producersOf(body);
  const { dtype } = at(states, 0).type;
  const isOwn = (value: Value) => group.some((index) => dependencies.get(value)?.has(index));
  const known = new Map<Value, Combination>();
  const combinationOf = (value: Value): Combination => {
    const cached = known.get(value) ?? derive(value);
    known.set(value, cached);
    return cached;
  };
  const mapped = ({ factors, term }: Combination, f: (each: Value) => Value): Combination => ({
    factors: factors.map((factor) => factor && f(factor)),
    term: term && f(term),
  });
  const join = (x: Combination, y: Combination, f: typeof joinValues): Combination => ({
    factors: x.factors.map((factor, index) => f(factor, y.factors[index])),
    term: f(x.term, y.term),
  });
  const joinValues = (x: Value | undefined, y: Value | undefined) =>
    x === undefined || y === undefined ? (x ?? y) : semiring.add(b, x, y);
  const negative = (x: Combination) => mapped(x, (each) => b.mul(each, -1));

  function derive(value: Value): Combination {
    const state = states.indexOf(value);
    if (state >= 0)
      return {
        factors: states.map((_, index) => (index === state ? b.scalar(semiring.one, dtype) : undefined)),
        term: undefined,
      };
    if (!isOwn(value)) return { factors: states.map(() => undefined), term: overTime(value) };
    const { op, inputs } = expectDefined(producers.get(value), "the producer of a combination");
    const operand = (index: number) => combinationOf(at(inputs, index));
    const ownIndex = inputs.findIndex(isOwn);
    const other = () => overTime(at(inputs, 1 - ownIndex));
    switch (op) {
      case "Identity":
        return operand(0);
      case "Neg":
        return negative(operand(0));
      case "Max":
        return join(operand(0), operand(1), joinValues);
      case "Add":
        return semiring === linear
          ? join(operand(0), operand(1), joinValues)
          : mapped(operand(ownIndex), (each) => b.add(each, other()));
      case "Sub":
        return semiring === linear
          ? join(operand(0), negative(operand(1)), joinValues)
          : mapped(operand(0), (each) => b.sub(each, other()));
      case "Mul":
        return mapped(operand(ownIndex), (each) => b.mul(each, other()));
      case "Div":
        return mapped(operand(0), (each) => b.div(each, other()));
      case "Where": {
        const condition = overTime(at(inputs, 0));
        const zero = b.scalar(semiring.zero, dtype);
        return join(operand(1), operand(2), (x, y) =>
          x === undefined && y === undefined ? undefined : b.where(condition, x ?? zero, y ?? zero),
        );
      }
      default:
        throw new Error(`${op} has no form in ${semiring.name}`);
    }
  }
  return group.map((index) => combinationOf(at(body.outputs, index)));
}
