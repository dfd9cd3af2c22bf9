/** Cotangents during the reverse pass, and the values that need one. */
import type { Builder } from "../ir/builder.js";
import { isFloat } from "../ir/float16.js";
import type { Node, Value } from "../ir/types.js";

/** The accumulated cotangent of each value: the derivative of the loss with respect to it. */
export interface Cotangents {
  get(value: Value): Value | undefined;
  add(value: Value, cotangent: Value): void;
}

export function createCotangents(b: Builder): Cotangents {
  const sums = new Map<Value, Value>();
  return {
    get: (value) => sums.get(value),
    add: (value, cotangent) => {
      const sum = sums.get(value);
      sums.set(value, sum === undefined ? cotangent : b.add(sum, cotangent));
    },
  };
}

/** Values that depend on `sources` through floating-point values. */
export function activeValues(nodes: readonly Node[], sources: Iterable<Value>): ReadonlySet<Value> {
  const active = new Set(sources);
  for (const node of nodes) {
    if (!node.inputs.some((input) => active.has(input))) continue;
    for (const output of node.outputs) if (isFloat(output.type.dtype)) active.add(output);
  }
  return active;
}

/** A node of a loop's body, and the values of its derivative, each of all steps. */
export interface StepDerivative {
  readonly node: Node;
  readonly values: readonly Value[];
}

/** Receives the nodes of the derivative of a node; of a loop also the derivatives of its body's nodes. */
export type DerivativeObserver = (node: Node, derivative: readonly Node[], steps: readonly StepDerivative[]) => void;

/** Walks `nodes` from the last to the first, and adds to the cotangents of each node's active inputs. */
export type PullBack = (
  b: Builder,
  nodes: readonly Node[],
  active: ReadonlySet<Value>,
  collected: Cotangents,
  observe?: DerivativeObserver,
) => void;
