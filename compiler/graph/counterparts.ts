/** Counterparts: what the values of a graph are in another that is being made of it. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { Node, Value } from "../ir/types.js";

export interface Counterparts {
  has(old: Value): boolean;
  /** What an old value is in the new graph. */
  of(old: Value): Value;
  set(old: Value, made: Value): void;
  /** Notes what a node's outputs are in the new graph, where they keep their names. */
  take(node: Node, outputs: readonly Value[]): void;
}

/** @param foreign what a value is that was not noted; by default reading it is an error. */
export function counterparts(b: Builder, foreign: (old: Value) => Value = unmade): Counterparts {
  const map = new Map<Value, Value>();
  return {
    has: (old) => map.has(old),
    of: (old) => map.get(old) ?? foreign(old),
    set(old, made) {
      map.set(old, made);
    },
    take(node, outputs) {
      for (const [index, output] of node.outputs.entries()) {
        const made = at(outputs, index);
        if (output.name !== undefined) b.named(made, output.name);
        map.set(output, made);
      }
    },
  };
}

/** Counterparts of a graph's inputs: the inputs of the new one. */
export function sameInputs(b: Builder, inputs: readonly Value[], foreign?: (old: Value) => Value): Counterparts {
  const made = counterparts(b, foreign);
  for (const input of inputs) made.set(input, b.input(input.name, input.type));
  return made;
}

function unmade({ name }: Value): never {
  throw new Error(`${name ?? "a value"} is read before it is made`);
}
