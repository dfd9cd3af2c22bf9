/** Which loops are linear in their states: each next state is a * state + b, with a and b that no unsolved state reaches. */
import { scanOperands } from "../graph/rewrite.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Node, NodeOf, Value } from "../ir/types.js";
import { canBatch, producersOf } from "./loop-body.js";

/** For each value of a body, the states that it depends on, by their places. */
function dependencies(node: NodeOf<"Scan">): ReadonlyMap<Value, ReadonlySet<number>> {
  const { inner } = scanOperands(node);
  const found = new Map<Value, ReadonlySet<number>>(inner.states.map((state, place) => [state, new Set([place])]));
  for (const step of node.attributes.body.nodes) {
    const all = new Set(step.inputs.flatMap((input) => [...(found.get(input) ?? [])]));
    for (const output of step.outputs) found.set(output, all);
  }
  return found;
}

/** What a value is, seen from one state: a sum of it times something and of something else, or neither. */
type Form = "free" | "linear" | "neither";

/**
 * The states of a loop in an order in which each is linear in itself once those before it are known; undefined when there is
 * none, or when something of the body cannot run over all steps at once.
 */
export function linearOrder(node: NodeOf<"Scan">): readonly number[] | undefined {
  const { body, states } = node.attributes;
  const { inner } = scanOperands(node);
  const reach = dependencies(node);
  const producers = producersOf(body);
  const fixed = new Set([...inner.captures, ...body.nodes.filter(isConstant).flatMap(({ outputs }) => outputs)]);
  for (const step of body.nodes) {
    if (isConstant(step)) continue;
    if (step.inputs.every((input) => fixed.has(input))) for (const output of step.outputs) fixed.add(output);
    const batched = step.inputs.map((input) => !fixed.has(input));
    if (batched.some(Boolean) && !canBatch(step, batched)) return undefined;
  }

  const solved: number[] = [];
  const isLinear = (place: number) => {
    const state = at(inner.states, place);
    const formOf = (value: Value): Form => {
      if (value === state) return "linear";
      if ([...(reach.get(value) ?? [])].every((reached) => solved.includes(reached))) return "free";
      const made = producers.get(value);
      if (made === undefined || !sameShape(value.type.shape, state.type.shape)) return "neither";
      return formThrough(made, made.inputs.map(formOf));
    };
    return formOf(at(body.outputs, place)) !== "neither";
  };
  const open = new Set(Array.from({ length: states }, (_, place) => place));
  while (open.size > 0) {
    const next = [...open].find(isLinear);
    if (next === undefined) return undefined;
    open.delete(next);
    solved.push(next);
  }
  return solved;
}

function isConstant({ op }: Node): boolean {
  return op === "Constant";
}

function formThrough({ op }: Node, forms: readonly Form[]): Form {
  const [first = "free", second = "free"] = forms;
  if (forms.includes("neither")) return "neither";
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
