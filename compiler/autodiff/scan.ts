/**
 * The gradient of Scan: a Scan in the other direction, whose state is the cotangent of the forward state.
 *
 * The residuals, all values of the forward body that the backward body may read, become scan outputs of the forward
 * loop; dead-code elimination removes the unread ones. One backward step is the vjp of the body: from the cotangents of
 * the next states and of this step's outputs to those of the states, of the slices (scan outputs) and of the captured
 * values (sums over the steps).
 */

import { bodyBuilder, type OuterSource } from "../graph/builder.js";
import { producersOf } from "../graph/def-use.js";
import { rewrite, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { isFloat } from "../ir/float16.js";
import type { Graph, Node, NodeOf, Type, Value } from "../ir/types.js";
import { zeros } from "../ops/broadcast.js";
import { activeValues, createCotangents, type PullBack, type StepDerivative } from "./cotangents.js";

/** Adds the residuals of every Scan to its scan outputs: states and intermediate values. */
export function stackResiduals(graph: Graph): Graph {
  return rewrite(graph, (node, { b, inputs }) => {
    if (node.op !== "Scan") return undefined;
    const { body, stateCount } = node.attributes;
    const scanOutputs = new Set(body.outputs.slice(stateCount));
    const { rematerialize = false } = node.attributes;
    const intermediate = rematerialize
      ? []
      : body.nodes.filter((bodyNode) => bodyNode.op !== "Constant").flatMap((bodyNode) => bodyNode.outputs);
    const residuals = [...body.inputs.slice(0, stateCount), ...intermediate].filter((value) => !scanOutputs.has(value));
    const bodyWithResiduals: Graph = { ...body, outputs: [...body.outputs, ...residuals] };
    return b.apply("Scan", inputs, { ...node.attributes, body: bodyWithResiduals });
  });
}

const isFloatValue = ({ type }: Value) => isFloat(type.dtype);

/** Rematerialization: copies a body's nodes into `b`, and records their outputs in `values`. */
function recomputeBody(b: Builder, body: Graph, values: Map<Value, Value>): void {
  for (const node of body.nodes) {
    const outputs = b.copy(
      node,
      node.inputs.map((input) => values.get(input) ?? input),
    );
    node.outputs.forEach((output, index) => {
      values.set(output, at(outputs, index));
    });
  }
}

/**
 * The cotangents of a Scan's operands, given those of its outputs.
 *
 * @param active the outer values that need one.
 * @param observe of the values of each step, which then are outputs of the backward loop.
 */
export function vjpScan(
  b: Builder,
  loop: NodeOf<"Scan">,
  outputCotangents: readonly (Value | undefined)[],
  active: ReadonlySet<Value>,
  pullBack: PullBack,
  observe?: (steps: readonly StepDerivative[]) => void,
): readonly (Value | undefined)[] {
  const { body, stateCount, reverse, length, rematerialize = false, solved = false } = loop.attributes;
  const { outer, inner } = scanOperands(loop);
  const producers = producersOf(body);

  // The source of a forward value in the backward body.
  const source = (value: Value): OuterSource => {
    const slice = inner.scans.indexOf(value);
    if (slice >= 0) return { slice: at(outer.scans, slice) };
    const capture = inner.captures.indexOf(value);
    if (capture >= 0) return { capture: at(outer.captures, capture) };
    const producer = producers.get(value);
    if (producer?.op === "Constant") return { own: at(backwardBody.copy(producer, []), 0) };
    return { slice: at(loop.outputs, body.outputs.indexOf(value, stateCount)) };
  };
  const rematerialized = new Map<Value, Value>();
  const backwardBody = bodyBuilder(`${body.name}/backward`, (value) => {
    const copy = rematerialized.get(value);
    return copy === undefined ? source(value) : { own: copy };
  });

  const carriedStates = inner.states.filter(isFloatValue);
  const captures = inner.captures.filter(
    (value, index) => isFloatValue(value) && active.has(at(outer.captures, index)),
  );
  const slices = inner.scans.filter((value, index) => isFloatValue(value) && active.has(at(outer.scans, index)));

  const gradientName = (value: Value) => `gradient/${value.name ?? "state"}`;
  const stateCotangents = carriedStates.map((state) => backwardBody.input(gradientName(state), state.type));
  // A checkpointed loop sums the cotangents of captures step by step, in float32; others by one product afterwards.
  const sumType = ({ type }: Value): Type => (rematerialize ? { ...type, dtype: "float32" } : type);
  const captureSums = captures.map((capture) => backwardBody.input(gradientName(capture), sumType(capture)));

  const collected = createCotangents(backwardBody);
  carriedStates.forEach((state, index) => {
    collected.add(at(body.outputs, inner.states.indexOf(state)), at(stateCotangents, index));
  });
  const scanned: Value[] = [];
  body.outputs.slice(stateCount).forEach((output, index) => {
    const cotangent = outputCotangents[stateCount + index];
    if (cotangent === undefined || !isFloatValue(output)) return;
    const slice = backwardBody.input(gradientName(output), output.type);
    scanned.push(cotangent);
    collected.add(output, slice);
  });
  if (rematerialize) recomputeBody(backwardBody, body, rematerialized);
  const observed: StepDerivative[] = [];
  const observeNode = (node: Node, nodes: readonly Node[]) => {
    const computed = nodes.filter(({ op }) => op !== "Constant").flatMap(({ outputs }) => outputs);
    observed.push({ node, values: computed.filter(isFloatValue) });
  };
  const activeInBody = activeValues(body.nodes, [...carriedStates, ...captures, ...slices]);
  pullBack(backwardBody, body.nodes, activeInBody, collected, observe && observeNode);

  const next = carriedStates.map((state) => collected.get(state) ?? zeros(backwardBody, state.type));
  const captureTotals = captures.map((capture, index) => {
    const contribution = collected.get(capture);
    return contribution === undefined
      ? at(captureSums, index)
      : backwardBody.add(at(captureSums, index), backwardBody.cast(contribution, sumType(capture).dtype));
  });
  const sliceCotangents = slices.map((slice) => collected.get(slice) ?? zeros(backwardBody, slice.type));
  if (scanned.length + backwardBody.scanned.length === 0) {
    // A linear body has no residuals, but a loop takes its length from a scanned input.
    backwardBody.input("slice", at(inner.scans, 0).type);
    scanned.push(at(outer.scans, 0));
  }
  const ownOutputs = [...next, ...captureTotals, ...sliceCotangents];
  const backward = backwardBody.finish([...ownOutputs, ...observed.flatMap(({ values }) => values)]);

  const initial = carriedStates.map((state) => outputCotangents[inner.states.indexOf(state)] ?? zeros(b, state.type));
  const operands = [
    ...initial,
    ...captures.map((capture) => zeros(b, sumType(capture))),
    ...scanned,
    ...backwardBody.scanned,
    ...backwardBody.captured,
  ];
  const results = b.apply("Scan", operands, {
    body: backward,
    stateCount: carriedStates.length + captures.length,
    scanCount: scanned.length + backwardBody.scanned.length,
    reverse: !reverse,
    length,
    ...(rematerialize && { rematerialize }),
    ...(solved && { solved }),
  });
  let position = ownOutputs.length;
  observe?.(
    observed.map(({ node, values }) => {
      position += values.length;
      return { node, values: results.slice(position - values.length, position) };
    }),
  );
  const resultOf = (value: Value): Value | undefined => {
    const index = [...carriedStates, ...captures, ...slices].indexOf(value);
    return index < 0 ? undefined : b.cast(at(results, index), value.type.dtype);
  };
  return body.inputs.map(resultOf);
}
