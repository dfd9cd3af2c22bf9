/** Cotangents while they are being collected, and which values are worth one. */
import type { Builder } from "../ir/builder.js";
import { isFloat } from "../ir/float16.js";
import type { Node, Value } from "../ir/types.js";

/** What has been collected for each value: the derivative of the loss with respect to it. */
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

/** Values that depend on those of `sources` through floating-point arithmetic. */
export function activeValues(nodes: readonly Node[], sources: Iterable<Value>): ReadonlySet<Value> {
  const active = new Set(sources);
  for (const node of nodes) {
    if (!node.inputs.some((input) => active.has(input))) continue;
    for (const output of node.outputs) if (isFloat(output.type.dtype)) active.add(output);
  }
  return active;
}

/** Walks `nodes` from the last to the first, moving cotangents from each node's outputs to its active inputs. */
export type PullBack = (b: Builder, nodes: readonly Node[], active: ReadonlySet<Value>, collected: Cotangents) => void;
