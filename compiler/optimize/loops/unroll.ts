/** Loop unrolling: a loop of static length becomes its steps one after another, for targets without Scan. */
import { unrollSteps } from "../../graph/loop.js";
import { inline, type RewriteRule, type RewriteSite, rewrite, scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

/** The values along a new leading axis. */
function stackValues(b: Builder, values: readonly Value[]): Value {
  const { shape } = at(values, 0).type;
  if (shape.length === 0)
    return b.concat(
      values.map((value) => b.unsqueeze(value, [0])),
      0,
    );
  return b.reshape(b.concat(values, 0), [values.length, ...shape]);
}

/** The slice x_t of a value; the stacked value itself when an unrolled loop stacked it. */
function sliceAt({ b, producer }: RewriteSite, value: Value, timeStep: number, length: number): Value {
  const stack = producer(value);
  const concat = stack?.op === "Reshape" ? producer(at(stack.inputs, 0)) : undefined;
  const slice = concat?.op === "Concat" && concat.attributes.axis === 0 ? concat.inputs[timeStep] : undefined;
  const isStacked = concat?.inputs.length === length && slice && sameShape(slice.type.shape, value.type.shape.slice(1));
  return isStacked ? slice : b.gather(value, b.scalar(timeStep, "int64"), 0);
}

function unrollLoop(loop: NodeOf<"Scan">, length: number, site: RewriteSite): readonly Value[] {
  const { b, inputs } = site;
  const { body, stateCount, reverse } = loop.attributes;
  const { outer } = scanOperands({ inputs, attributes: loop.attributes });
  const { final, scanOutputs } = unrollSteps({ length, reverse }, outer.states, (states, time) => {
    const slices = outer.scans.map((value) => sliceAt(site, value, time, length));
    const results = inline(b, body, [...states, ...slices, ...outer.captures]);
    return { next: results.slice(0, stateCount), scanOutputs: results.slice(stateCount) };
  });
  return [...final, ...scanOutputs.map((values) => stackValues(b, values))];
}

const replace: RewriteRule = (node, site) => {
  if (node.op !== "Scan") return undefined;
  const { length } = node.attributes;
  return typeof length === "number" && length > 0 ? unrollLoop(node, length, site) : undefined;
};

export const unroll: Pass = {
  name: "unroll",
  description: "Unrolls a loop of static length: Scan(x, length=2) → step(x[0]), step(x[1]).",
  run: (graph) => rewrite(graph, replace),
};
