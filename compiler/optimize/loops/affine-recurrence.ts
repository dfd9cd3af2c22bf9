/** Affine recurrences: loops in which each next state is a * state + b, where a and b depend on no unsolved state. */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { canBatch, type Loop } from "./rewrite-loop.js";

/** The values of a body that depend on a state, the state among them. */
export function dependentsOf(body: Graph, state: Value): ReadonlySet<Value> {
  const dependents = new Set([state]);
  for (const node of body.nodes)
    if (node.inputs.some((input) => dependents.has(input))) for (const output of node.outputs) dependents.add(output);
  return dependents;
}

/** The indices of the states that each value of a body depends on. */
function dependencies(loop: Loop): ReadonlyMap<Value, ReadonlySet<number>> {
  const { inner } = scanOperands(loop);
  const stateIndices = new Map<Value, ReadonlySet<number>>(
    inner.states.map((state, index) => [state, new Set([index])]),
  );
  for (const node of loop.attributes.body.nodes) {
    const union = new Set(node.inputs.flatMap((input) => [...(stateIndices.get(input) ?? [])]));
    for (const output of node.outputs) stateIndices.set(output, union);
  }
  return stateIndices;
}

/** The dependence of a value on one state: independent, affine, or any other. */
type Dependence = "independent" | "affine" | "other";

/**
 * An order of a loop's states in which each is affine in itself once the states before it are known. Undefined when
 * there is no such order, or when a node of the body has no batching rule.
 */
export function affineOrder(loop: Loop): readonly number[] | undefined {
  const { body, stateCount } = loop.attributes;
  const { inner } = scanOperands(loop);
  const dependsOn = dependencies(loop);
  const producers = producersOf(body);
  const invariant = new Set([...inner.captures, ...body.nodes.filter(isConstant).flatMap(({ outputs }) => outputs)]);
  for (const node of body.nodes) {
    if (isConstant(node)) continue;
    if (node.inputs.every((input) => invariant.has(input))) for (const output of node.outputs) invariant.add(output);
    const batched = node.inputs.map((input) => !invariant.has(input));
    if (batched.some(Boolean) && !canBatch(node, batched)) return undefined;
  }

  const solved: number[] = [];
  const isAffine = (index: number) => {
    const state = at(inner.states, index);
    const dependenceOf = (value: Value): Dependence => {
      if (value === state) return "affine";
      if ([...(dependsOn.get(value) ?? [])].every((stateIndex) => solved.includes(stateIndex))) return "independent";
      const producer = producers.get(value);
      if (producer === undefined || !sameShape(value.type.shape, state.type.shape)) return "other";
      return dependenceThrough(producer, producer.inputs.map(dependenceOf));
    };
    return dependenceOf(at(body.outputs, index)) !== "other";
  };
  const unsolved = new Set(Array.from({ length: stateCount }, (_, index) => index));
  while (unsolved.size > 0) {
    const next = [...unsolved].find(isAffine);
    if (next === undefined) return undefined;
    unsolved.delete(next);
    solved.push(next);
  }
  return solved;
}

function isConstant({ op }: Node): boolean {
  return op === "Constant";
}

function dependenceThrough({ op }: Node, dependences: readonly Dependence[]): Dependence {
  const [first = "independent", second = "independent"] = dependences;
  if (dependences.includes("other")) return "other";
  switch (op) {
    case "Add":
    case "Sub":
    case "Neg":
    case "Identity":
    // The condition is no state: a state has the dtype of the two choices.
    case "Where":
      return "affine";
    case "Mul":
      return first === "independent" || second === "independent" ? "affine" : "other";
    case "Div":
      return second === "independent" ? "affine" : "other";
    default:
      return "other";
  }
}
