/** The first value of a training step that is not finite, found by the reference evaluator. */
import type { Program } from "../../elaborate/program.js";
import { evaluate } from "../../graph/evaluate.js";
import { at } from "../../ir/expect.js";
import type { Graph, Tensor } from "../../ir/types.js";
import {
  firstNonFinite,
  type NonFiniteValue,
  type ProbedValue,
  type ProbeGroup,
  probedValues,
} from "../probed-values.js";

/** @returns undefined where all values and gradients are finite in float32. */
export function findNonFinite(program: Program, operands: readonly Tensor[]): NonFiniteValue | undefined {
  return findFirst(program, operands, { isChosen: () => true, isFound: isNotFinite });
}

export interface Overflow {
  /** A constant; null for a value that is computed. */
  readonly constant: number | null;
  /** Null for a constant that belongs to no value of a layer or of the loss. */
  readonly place: NonFiniteValue | null;
}

/** A value that is finite in float64, in which the check computes, and infinite in float32: a constant, else any other. */
export function findOverflow(program: Program, operands: readonly Tensor[]): Overflow | undefined {
  const constant = constantsOf(program.graph).find(overflows) ?? null;
  const isChosen = ({ operator, isDerivative }: ProbedValue) =>
    constant === null ? !isDerivative : operator === "Constant";
  const place = findFirst(program, operands, { isChosen, isFound: overflows }) ?? null;
  return constant === null && place === null ? undefined : { constant, place };
}

/** The entries of the constants of floats of a graph and of the bodies of its loops. */
function constantsOf({ nodes }: Graph): readonly number[] {
  return nodes.flatMap((node) => {
    if (node.op === "Scan") return constantsOf(node.attributes.body);
    return node.op === "Constant" && node.attributes.value.dtype === "float32" ? [...node.attributes.value.data] : [];
  });
}

const overflows = (value: number) => Number.isFinite(value) && isNotFinite(value);

interface Wanted {
  readonly isChosen: (probed: ProbedValue) => boolean;
  readonly isFound: (value: number) => boolean;
}

/** The first chosen value with a found entry. */
function findFirst(program: Program, operands: readonly Tensor[], { isChosen, isFound }: Wanted) {
  const { differentiated, groups: all } = probedValues(program);
  const groups = all.map((group) => ({ ...group, values: group.values.filter(({ probed }) => isChosen(probed)) }));
  const outputs = groups.flatMap(({ values }) => values.map(({ value }) => value));
  const results = evaluate({ ...differentiated, outputs }, operands);
  const starts = groups.map((_, index) => groups.slice(0, index).reduce((sum, { values }) => sum + values.length, 0));
  const probed = groups.map((group) => ({ values: group.values.map((value) => value.probed) }));
  return firstNonFinite(probed, (index) => {
    const start = at(starts, index);
    return firstOfGroup(at(groups, index), results.slice(start, start + at(groups, index).values.length), isFound);
  });
}

/** @param tensors the values of the group. */
function firstOfGroup(
  { values, direction }: ProbeGroup,
  tensors: readonly Tensor[],
  isFound: Wanted["isFound"],
): NonFiniteValue | undefined {
  const found = values.flatMap(({ probed }, index) => {
    const { data, shape } = at(tensors, index);
    const entry = direction === "backward" ? data.findLastIndex(isFound) : data.findIndex(isFound);
    if (entry < 0) return [];
    const [steps = 1] = shape;
    return [{ probed, step: direction === null ? 0 : Math.floor(entry / (data.length / steps)) }];
  });
  if (found.length === 0) return undefined;
  const isEarlier = (step: number, other: number) => (direction === "backward" ? step > other : step < other);
  const first = found.reduce((earliest, each) => (isEarlier(each.step, earliest.step) ? each : earliest));
  return { probed: first.probed, timeStep: direction === null ? null : first.step + 1 };
}

/** True for values that are not finite, and for those that float32 rounds to infinity: the check computes in float64. */
export const isNotFinite = (value: number) => !Number.isFinite(Math.fround(value));
