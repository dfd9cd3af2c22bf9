/** Count: a state that counts is known at every step without the one before. */
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { producersOf, rebuildBody, rebuildScan, rewriteLoops } from "./rewrite-loop.js";

/** What is added to a state at each step, where it is a whole number that is always the same. */
function inductionStride(loop: NodeOf<"Scan">, index: number): number | undefined {
  const { body } = loop.attributes;
  const state = at(body.inputs, index);
  const producers = producersOf(body);
  const addition = producers.get(at(body.outputs, index));
  if (addition?.op !== "Add" || state.type.dtype !== "int64" || state.type.shape.length > 0) return undefined;
  const increment = addition.inputs.find((input) => input !== state);
  const producer = increment && addition.inputs.includes(state) ? producers.get(increment) : undefined;
  return producer?.op === "Constant" ? Number(producer.attributes.value.data[0]) : undefined;
}

function removeInductionVariables(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
): readonly Value[] | undefined {
  const { body, stateCount, length, reverse, rematerialize: checkpoint } = loop.attributes;
  if (checkpoint || reverse) return undefined;
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const strides = inner.states.map((_, index) => inductionStride(loop, index));
  if (strides.every((stride) => stride === undefined)) return undefined;
  const isKept = (_: unknown, index: number) => index >= stateCount || strides[index] === undefined;

  const iterations = b.range(length);
  const multiply = (values: Value, stride: number) => (stride === 1 ? values : b.mul(values, stride));
  const inductionValues = new Map(
    strides.flatMap((stride, index) =>
      stride === undefined
        ? []
        : [[at(inner.states, index), b.add(at(outer.states, index), multiply(iterations, stride))]],
    ),
  );
  const rebuilt = rebuildBody(
    loop,
    inner.states.filter(isKept),
    () => true,
    (value) => {
      const values = inductionValues.get(value);
      if (values !== undefined) return { slice: values };
      const scanIndex = inner.scans.indexOf(value);
      if (scanIndex >= 0) return { slice: at(outer.scans, scanIndex) };
      return { capture: at(outer.captures, inner.captures.indexOf(value)) };
    },
  );
  const keptOutputs = body.outputs.filter(isKept);
  const results = rebuildScan(b, loop, outer.states.filter(isKept), outer.scans, rebuilt, keptOutputs).values();
  return body.outputs.map((_, index) => {
    const stride = strides[index];
    if (index >= stateCount || stride === undefined) return results.next().value as Value;
    return b.add(at(outer.states, index), multiply(b.size(iterations), stride));
  });
}

export const inductionVariables: Pass = {
  name: "induction-variables",
  description: "A state that counts is not carried: n_t = n + t, for all steps at once.",
  run: (graph) => rewriteLoops(graph, removeInductionVariables),
};
