/** Which loops are linear in their states: each next state is a * state + b, with a and b that no unsolved state reaches. */
import { scanOperands } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Node, NodeOf, Value } from "../../ir/types.js";
import { canBatch, producersOf } from "./rewrite-loop.js";

/** For each value of a body, the states that it depends on, by their places. */
function dependencies(loop: NodeOf<"Scan">): ReadonlyMap<Value, ReadonlySet<number>> {
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

/** What a value is, seen from one state: a sum of it times something and of something else, or neither. */
type Linearity = "free" | "linear" | "neither";

/**
 * The states of a loop in an order in which each is linear in itself once those before it are known; undefined when there is
 * none, or when something of the body cannot run over all steps at once.
 */
export function linearOrder(loop: NodeOf<"Scan">): readonly number[] | undefined {
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
  const isLinear = (index: number) => {
    const state = at(inner.states, index);
    const linearityOf = (value: Value): Linearity => {
      if (value === state) return "linear";
      if ([...(dependsOn.get(value) ?? [])].every((stateIndex) => solved.includes(stateIndex))) return "free";
      const producer = producers.get(value);
      if (producer === undefined || !sameShape(value.type.shape, state.type.shape)) return "neither";
      return linearityThrough(producer, producer.inputs.map(linearityOf));
    };
    return linearityOf(at(body.outputs, index)) !== "neither";
  };
  const unsolved = new Set(Array.from({ length: stateCount }, (_, index) => index));
  while (unsolved.size > 0) {
    const next = [...unsolved].find(isLinear);
    if (next === undefined) return undefined;
    unsolved.delete(next);
    solved.push(next);
  }
  return solved;
}

function isConstant({ op }: Node): boolean {
  return op === "Constant";
}

function linearityThrough({ op }: Node, linearities: readonly Linearity[]): Linearity {
  const [first = "free", second = "free"] = linearities;
  if (linearities.includes("neither")) return "neither";
  switch (op) {
    case "Add":
    case "Sub":
    case "Neg":
    case "Identity":
    // Its condition is no state: a state is of the type of its choices.
    case "Where":
      return "linear";
    case "Mul":
      return first === "free" || second === "free" ? "linear" : "neither";
    case "Div":
      return second === "free" ? "linear" : "neither";
    default:
      return "neither";
  }
}
