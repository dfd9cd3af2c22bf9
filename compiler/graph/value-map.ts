/** Counterparts: what the values of a graph are in another that is being made of it. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Node, Value } from "../ir/types.js";

export interface ValueMap {
  has(old: Value): boolean;
  /** What an old value is in the new graph. */
  get(old: Value): Value;
  set(old: Value, newValue: Value): void;
  /** Notes what a node's outputs are in the new graph, where they keep their names. */
  record(node: Node, outputs: readonly Value[]): void;
}

/** @param fallback what a value is that was not noted; by default reading it is an error. */
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

/** Counterparts of a graph's inputs: the inputs of the new one. */
export function withSameInputs(b: Builder, inputs: readonly Value[], fallback?: (old: Value) => Value): ValueMap {
  const valueMap = createValueMap(b, fallback);
  for (const input of inputs) valueMap.set(input, b.input(input.name, input.type));
  return valueMap;
}

function failUnmapped({ name }: Value): never {
  throw new Error(`${name ?? "a value"} is read before it is made`);
}
