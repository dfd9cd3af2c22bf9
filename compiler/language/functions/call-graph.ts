/** Calls among the activations of a spec: circles, and the size of a call with all that it calls. */
import type { NormalActivationDefinition } from "../../../schema/normal/index.js";
import { parseEquations } from "../parse/equations.js";
import { visit } from "../parse/expression.js";
import { resolveActivation } from "./activation.js";
import type { FunctionTable } from "./function.js";

/** Limits of one call: with calls of calls it would grow exponentially. */
export const maxOperations = 1000;
export const maxDepth = 20;

export interface CallGraph {
  /** The shortest chain of calls from an activation to itself. */
  circleOf(name: string): readonly string[] | undefined;
  /** Undefined for an activation in a circle, or one that calls into a circle. */
  sizeOf(name: string): CallSize | undefined;
  /** The activations that an activation calls. */
  calleesOf(name: string): readonly string[];
}

export interface CallSize {
  /** The number of operators and calls, with those of the activations that it calls. */
  readonly operations: number;
  /** The number of activations on the longest chain of calls. */
  readonly depth: number;
}

export function isWithinLimits(size: CallSize | undefined): boolean {
  return size !== undefined && size.operations <= maxOperations && size.depth <= maxDepth;
}

/** The call graph, as far as the equations can be parsed. */
export function callGraph(
  activations: Readonly<Record<string, NormalActivationDefinition>>,
  functions: FunctionTable,
): CallGraph {
  const bodies = new Map(
    Object.entries(activations).map(([name, activation]) => [name, bodyOf(activation, activations, functions)]),
  );
  const sizes = callSizes(bodies);
  const calleesOf = (name: string) => [...new Set(bodies.get(name)?.calls ?? [])];
  return { circleOf: (name) => circleOf(name, calleesOf), sizeOf: (name) => sizes.get(name), calleesOf };
}

interface Body {
  readonly operations: number;
  /** Names of called activations, once for each call. */
  readonly calls: readonly string[];
}

function bodyOf(
  activation: NormalActivationDefinition,
  activations: Readonly<Record<string, unknown>>,
  functions: FunctionTable,
): Body {
  const names = { inputs: { x: true }, sizes: {} };
  const { equations } = parseEquations(resolveActivation(activation, functions), names, "", () => {});
  const calls: string[] = [];
  let operations = 0;
  for (const { value } of equations) {
    if (value === undefined) continue;
    visit(value, (node) => {
      if (node.kind !== "name" && node.kind !== "number") operations++;
      if (node.kind === "call" && Object.hasOwn(activations, node.function)) calls.push(node.function);
    });
  }
  return { operations, calls };
}

/** Sizes from callees to callers, without recursion: a chain of calls may be long. */
function callSizes(bodies: ReadonlyMap<string, Body>): ReadonlyMap<string, CallSize> {
  const sizes = new Map<string, CallSize>();
  const callers = new Map<string, string[]>([...bodies.keys()].map((name) => [name, []]));
  const missing = new Map<string, number>();
  for (const [name, { calls }] of bodies) {
    const callees = new Set(calls);
    missing.set(name, callees.size);
    for (const callee of callees) callers.get(callee)?.push(name);
  }
  const ready = [...missing].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    const { operations, calls } = bodies.get(name) as Body;
    const callees = calls.map((callee) => sizes.get(callee) as CallSize);
    sizes.set(name, {
      operations: callees.reduce((sum, callee) => sum + callee.operations, operations),
      depth: 1 + callees.reduce((deepest, { depth }) => Math.max(deepest, depth), 0),
    });
    for (const caller of callers.get(name) ?? []) {
      const count = (missing.get(caller) ?? 0) - 1;
      missing.set(caller, count);
      if (count === 0) ready.push(caller);
    }
  }
  return sizes;
}

function circleOf(name: string, calleesOf: (name: string) => readonly string[]): readonly string[] | undefined {
  const seen = new Set<string>();
  let chains: readonly (readonly string[])[] = [[name]];
  while (chains.length > 0) {
    const next: (readonly string[])[] = [];
    for (const chain of chains) {
      for (const callee of calleesOf(chain.at(-1) ?? "")) {
        if (callee === name) return [...chain, callee];
        if (seen.has(callee)) continue;
        seen.add(callee);
        next.push([...chain, callee]);
      }
    }
    chains = next;
  }
  return undefined;
}
