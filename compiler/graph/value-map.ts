/** Value maps: from the values of a graph to those of a copy under construction. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Node, Value } from "../ir/types.js";

export interface ValueMap {
  has(old: Value): boolean;
  /** The new value. Falls back, or throws, where the old one is not mapped. */
  get(old: Value): Value;
  set(old: Value, newValue: Value): void;
  /** Maps a node's outputs to new values, which get the same names. */
  record(node: Node, outputs: readonly Value[]): void;
}

/** @param fallback the new value of an unmapped one; by default reading it throws. */
export function createValueMap(b: Builder, fallback: (old: Value) => Value = failUnmapped): ValueMap {
  const map = new Map<Value, Value>();
  return {
    has: (old) => map.has(old),
    get: (old) => map.get(old) ?? fallback(old),
    set(old, newValue) {
      map.set(old, newValue);
    },
    record(node, outputs) {
      for (const [index, output] of node.outputs.entries()) {
        const newValue = at(outputs, index);
        if (output.name !== undefined) b.withName(newValue, output.name);
        map.set(output, newValue);
      }
    },
  };
}

/** A value map with the inputs of a graph, which the builder gets too. */
export function withSameInputs(b: Builder, inputs: readonly Value[], fallback?: (old: Value) => Value): ValueMap {
  const valueMap = createValueMap(b, fallback);
  for (const input of inputs) valueMap.set(input, b.input(input.name, input.type));
  return valueMap;
}

function failUnmapped({ name }: Value): never {
  throw new Error(`${name ?? "a value"} is read before it is defined`);
}
