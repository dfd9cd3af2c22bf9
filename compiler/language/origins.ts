/** The equation of a spec that computes a value, for messages about a value that is not finite. */
import type { Node, Value } from "../ir/types.js";
import type { DefinitionKind } from "./resolve.js";

/** The definition of some equations. Its name is that of the spec. */
export interface Definition {
  readonly kind: DefinitionKind;
  readonly name: string;
}

export interface EquationOrigin extends Definition {
  /** The first name that the equation sets. */
  readonly target: string;
}

const origins = new WeakMap<Value, EquationOrigin>();

/** Undefined for a value of no equation of the spec. */
export function originOf(value: Value): EquationOrigin | undefined {
  return origins.get(value);
}

/** Records the equation of some nodes. Those of an activation that it calls keep the equation of the activation. */
export function recordOrigin(nodes: readonly Node[], origin: EquationOrigin): void {
  for (const output of nodes.flatMap(({ outputs }) => outputs)) if (!origins.has(output)) origins.set(output, origin);
}
