/** Count: a state that counts is known at every step without the one before. */
import { scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { NodeOf, Value } from "../ir/types.js";
import { producersOf, rebuildBody, rebuildScan, rewriteLoops } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** What is added to a state at each step, where it is a whole number that is always the same. */
function strideOf(node: NodeOf<"Scan">, place: number): number | undefined {
  const { body } = node.attributes;
  const state = at(body.inputs, place);
  const producers = producersOf(body);
  const addition = producers.get(at(body.outputs, place));
  if (addition?.op !== "Add" || state.type.dtype !== "int64" || state.type.shape.length > 0) return undefined;
  const other = addition.inputs.find((input) => input !== state);
  const made = other && addition.inputs.includes(state) ? producers.get(other) : undefined;
  return made?.op === "Constant" ? Number(made.attributes.value.data[0]) : undefined;
}

function countScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body, states, length, reverse, rerun } = node.attributes;
  if (rerun || reverse) return undefined;
  const { inner } = scanOperands(node);
  const { outer } = scanOperands({ inputs: operands, attributes: node.attributes });
  const strides = inner.states.map((_, place) => strideOf(node, place));
  if (strides.every((stride) => stride === undefined)) return undefined;
  const isCarried = (_: unknown, place: number) => place >= states || strides[place] === undefined;

  const steps = b.range(length);
  const times = (count: Value, stride: number) => (stride === 1 ? count : b.mul(count, stride));
  const counts = new Map(
    strides.flatMap((stride, place) =>
      stride === undefined ? [] : [[at(inner.states, place), b.add(at(outer.states, place), times(steps, stride))]],
    ),
  );
  const rebuilt = rebuildBody(
    node,
    inner.states.filter(isCarried),
    () => true,
    (value) => {
      const count = counts.get(value);
      if (count !== undefined) return { slice: count };
      const scanned = inner.scans.indexOf(value);
      if (scanned >= 0) return { slice: at(outer.scans, scanned) };
      return { capture: at(outer.captures, inner.captures.indexOf(value)) };
    },
  );
  const kept = body.outputs.filter(isCarried);
  const results = rebuildScan(b, node, outer.states.filter(isCarried), outer.scans, rebuilt, kept).values();
  return body.outputs.map((_, place) => {
    const stride = strides[place];
    if (place >= states || stride === undefined) return results.next().value as Value;
    return b.add(at(outer.states, place), times(b.size(steps), stride));
  });
}

export const count: Pass = {
  name: "count",
  description: "A state that counts is not carried: n_t = n + t, for all steps at once.",
  run: (graph) => rewriteLoops(graph, countScan),
};
