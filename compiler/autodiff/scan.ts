/**
 * The gradient of Scan: another Scan in the other direction, whose state is the cotangent of the forward state.
 *
 * The forward loop stacks every value of its body that the backward step may read (dead-code elimination drops those that it
 * does not). One backward step is the vjp of the body: it takes the cotangents of the next states and of this step's outputs
 * and gives those of the states, of the slices (stacked) and of the captured values (summed over the steps).
 */
import { bodyBuilder, type Source } from "../graph/build.js";
import { copyNode, rewrite, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { isFloat } from "../ir/floats.js";
import { at } from "../ir/present.js";
import type { Graph, NodeOf, Type, Value } from "../ir/types.js";
import { zeros } from "../ops/broadcast.js";
import { activeValues, cotangents, type PullBack } from "./cotangents.js";

/** Every Scan with its states and intermediate values among its stacked outputs. */
export function stackResiduals(graph: Graph): Graph {
  return rewrite(graph, (node, { b, inputs }) => {
    if (node.op !== "Scan") return undefined;
    const { body, states } = node.attributes;
    const stacked = new Set(body.outputs.slice(states));
    const { rerun = false } = node.attributes;
    const intermediate = rerun
      ? []
      : body.nodes.filter((inner) => inner.op !== "Constant").flatMap((inner) => inner.outputs);
    const residuals = [...body.inputs.slice(0, states), ...intermediate].filter((value) => !stacked.has(value));
    const widened: Graph = { ...body, outputs: [...body.outputs, ...residuals] };
    return b.apply("Scan", inputs, { ...node.attributes, body: widened });
  });
}

const isNumber = ({ type }: Value) => isFloat(type.dtype);

/** Makes a body's values once more, from its inputs as the builder finds them; `made` learns where they are. */
function runAgain(b: Builder, body: Graph, made: Map<Value, Value>): void {
  for (const node of body.nodes) {
    const outputs = copyNode(
      b,
      node,
      node.inputs.map((input) => made.get(input) ?? input),
    );
    node.outputs.forEach((output, index) => {
      made.set(output, at(outputs, index));
    });
  }
}

/** Cotangents of a Scan's operands, given those of its outputs. `active` are the outer values worth a cotangent. */
export function vjpScan(
  b: Builder,
  node: NodeOf<"Scan">,
  given: readonly (Value | undefined)[],
  active: ReadonlySet<Value>,
  pullBack: PullBack,
): readonly (Value | undefined)[] {
  const { body, states, reverse, length, rerun = false } = node.attributes;
  const { outer, inner } = scanOperands(node);
  const producers = new Map(body.nodes.flatMap((made) => made.outputs.map((output) => [output, made] as const)));

  // Where the backward step finds a value of the forward step.
  const source = (value: Value): Source => {
    const slice = inner.scans.indexOf(value);
    if (slice >= 0) return { slice: at(outer.scans, slice) };
    const capture = inner.captures.indexOf(value);
    if (capture >= 0) return { capture: at(outer.captures, capture) };
    const producer = producers.get(value);
    if (producer?.op === "Constant") return { own: at(copyNode(step, producer, []), 0) };
    return { slice: at(node.outputs, body.outputs.indexOf(value, states)) };
  };
  const again = new Map<Value, Value>();
  const step = bodyBuilder(`${body.name}/backward`, (value) => {
    const made = again.get(value);
    return made === undefined ? source(value) : { own: made };
  });

  const carried = inner.states.filter(isNumber);
  const captures = inner.captures.filter((value, index) => isNumber(value) && active.has(at(outer.captures, index)));
  const slices = inner.scans.filter((value, index) => isNumber(value) && active.has(at(outer.scans, index)));

  const label = (value: Value) => `gradient/${value.name ?? "state"}`;
  const carriedIn = carried.map((state) => step.input(label(state), state.type));
  // What leaves no loop is added up step by step, in float32; other sums become one product after it.
  const sumType = ({ type }: Value): Type => (rerun ? { ...type, dtype: "float32" } : type);
  const sums = captures.map((capture) => step.input(label(capture), sumType(capture)));

  const collected = cotangents(step);
  carried.forEach((state, index) => {
    collected.add(at(body.outputs, inner.states.indexOf(state)), at(carriedIn, index));
  });
  const scanned: Value[] = [];
  body.outputs.slice(states).forEach((output, index) => {
    const cotangent = given[states + index];
    if (cotangent === undefined || !isNumber(output)) return;
    const slice = step.input(label(output), output.type);
    scanned.push(cotangent);
    collected.add(output, slice);
  });
  if (rerun) runAgain(step, body, again);
  pullBack(step, body.nodes, activeValues(body.nodes, [...carried, ...captures, ...slices]), collected);

  const next = carried.map((state) => collected.get(state) ?? zeros(step, state.type));
  const totals = captures.map((capture, index) => {
    const part = collected.get(capture);
    return part === undefined ? at(sums, index) : step.add(at(sums, index), step.cast(part, sumType(capture).dtype));
  });
  const parts = slices.map((slice) => collected.get(slice) ?? zeros(step, slice.type));
  if (scanned.length + step.scanned.length === 0) {
    // A linear step needs nothing of the forward one, but a loop takes its number of steps from a scanned input.
    step.input("slice", at(inner.scans, 0).type);
    scanned.push(at(outer.scans, 0));
  }
  const backward = step.finish([...next, ...totals, ...parts]);

  const initial = carried.map((state) => given[inner.states.indexOf(state)] ?? zeros(b, state.type));
  const operands = [
    ...initial,
    ...captures.map((capture) => zeros(b, sumType(capture))),
    ...scanned,
    ...step.scanned,
    ...step.captured,
  ];
  const results = b.apply("Scan", operands, {
    body: backward,
    states: carried.length + captures.length,
    scans: scanned.length + step.scanned.length,
    reverse: !reverse,
    length,
    ...(rerun && { rerun }),
  });
  const resultOf = (value: Value): Value | undefined => {
    const index = [...carried, ...captures, ...slices].indexOf(value);
    return index < 0 ? undefined : b.cast(at(results, index), value.type.dtype);
  };
  return body.inputs.map(resultOf);
}
