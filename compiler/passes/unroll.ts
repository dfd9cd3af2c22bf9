/** Unroll: a loop whose number of steps is known is laid out step by step, for devices that run no loops. */
import { inline, type Replacement, rewrite, type Site, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { NodeOf, Value } from "../ir/types.js";
import type { Pass } from "./pass.js";

/** What the steps stacked, along a new leading axis. */
function stackOf(b: Builder, parts: readonly Value[]): Value {
  const { shape } = at(parts, 0).type;
  if (shape.length === 0)
    return b.concat(
      parts.map((part) => b.unsqueeze(part, [0])),
      0,
    );
  return b.reshape(b.concat(parts, 0), [parts.length, ...shape]);
}

/** What stands at one step of a value: the very value that was stacked there, where it was. */
function sliceAt({ b, producer }: Site, value: Value, step: number, length: number): Value {
  const stack = producer(value);
  const parts = stack?.op === "Reshape" ? producer(at(stack.inputs, 0)) : undefined;
  const part = parts?.op === "Concat" && parts.attributes.axis === 0 ? parts.inputs[step] : undefined;
  const isStacked = parts?.inputs.length === length && part && sameShape(part.type.shape, value.type.shape.slice(1));
  return isStacked ? part : b.gather(value, b.scalar(step, "int64"), 0);
}

function laidOut(node: NodeOf<"Scan">, length: number, site: Site): readonly Value[] {
  const { b, inputs } = site;
  const { body, states, reverse } = node.attributes;
  const { outer } = scanOperands({ inputs, attributes: node.attributes });
  const stacked = body.outputs.slice(states).map((): Value[] => new Array(length));
  let carried = outer.states;
  for (let count = 0; count < length; count++) {
    const step = reverse ? length - 1 - count : count;
    const slices = outer.scans.map((value) => sliceAt(site, value, step, length));
    const made = inline(b, body, [...carried, ...slices, ...outer.captures]);
    carried = made.slice(0, states);
    made.slice(states).forEach((value, index) => {
      at(stacked, index)[step] = value;
    });
  }
  return [...carried, ...stacked.map((parts) => stackOf(b, parts))];
}

const replace: Replacement = (node, site) => {
  if (node.op !== "Scan") return undefined;
  const { length } = node.attributes;
  return typeof length === "number" && length > 0 ? laidOut(node, length, site) : undefined;
};

export const unroll: Pass = {
  name: "unroll",
  description: "A loop of a known number of steps is laid out: Scan(x, length=2) → step(x[0]), step(x[1]).",
  run: (graph) => rewrite(graph, replace),
};
