/** Rewriting of loops: state dependence, batching over time, and the reconstruction of a Scan and its body. */
import { type BodyBuilder, bodyBuilder, graphBuilder, type OuterSource, ruleOf } from "../../graph/builder.js";
import { copyGraph } from "../../graph/copy-graph.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import { withSameInputs } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, OpName, Value } from "../../ir/types.js";

export type Loop = NodeOf<"Scan">;

/** The values of a loop's body that do not depend on a state: functions of slices, captures and constants. */
export function stateIndependent(loop: Loop): ReadonlySet<Value> {
  const { inner } = scanOperands(loop);
  const independent = new Set([...inner.scans, ...inner.captures]);
  for (const node of loop.attributes.body.nodes) {
    if (node.inputs.every((input) => independent.has(input)))
      for (const output of node.outputs) independent.add(output);
  }
  return independent;
}

/**
 * Replaces loops, inner ones first.
 *
 * @param replace returns values for the outputs of a loop on `operands`, or undefined to copy it.
 */
export function rewriteLoops(
  graph: Graph,
  replace: (b: Builder, loop: Loop, operands: readonly Value[]) => readonly Value[] | undefined,
): Graph {
  return rewrite(graph, (node, { b, inputs }) => (node.op === "Scan" ? replace(b, node, inputs) : undefined));
}

/** Transforms the bodies of all loops, inner ones first, and then the graph. */
export function transformRecursively(graph: Graph, transform: (subgraph: Graph) => Graph): Graph {
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== "Scan") return node;
    const body = transformRecursively(node.attributes.body, transform);
    return body === node.attributes.body ? node : { ...node, attributes: { ...node.attributes, body } };
  });
  return transform(nodes.every((node, index) => node === graph.nodes[index]) ? graph : { ...graph, nodes });
}

/** A node of a loop's body whose copy is under construction. */
export interface BodySite {
  readonly b: Builder;
  /** The value of the new body for one of the old body: of an earlier node, or state-independent. */
  lookup(old: Value): Value;
}

/**
 * Copies a loop with some nodes of its body replaced. State-independent nodes come first, so that a replacement may
 * read any state-independent value. Undefined when nothing was replaced.
 */
export function rewriteBody(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  replace: (node: Node, site: BodySite) => readonly Value[] | undefined,
): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const isIndependent = (node: Node) => node.outputs.every((output) => independent.has(output));
  const nodes = [...body.nodes.filter(isIndependent), ...body.nodes.filter((node) => !isIndependent(node))];
  let changed = false;
  const rewritten = copyGraph(
    body,
    (node, inner, map) => {
      const replaced = replace(node, { b: inner, lookup: map.get });
      changed ||= replaced !== undefined;
      return replaced;
    },
    { nodes },
  );
  return changed ? b.apply("Scan", operands, { ...loop.attributes, body: rewritten }) : undefined;
}

function batchingRule({ op }: Node) {
  const { batch } = ruleOf<OpName>(op);
  return batch === "stay" ? undefined : batch;
}

/** True when the batching rule (vmap) of a node applies to an additional leading axis of the inputs in `batched`. */
export function canBatch(node: Node, batched: readonly boolean[]): boolean {
  const batch = batchingRule(node);
  if (batch === undefined) return false;
  const scratch = graphBuilder("trial");
  const inputs = node.inputs.map(({ type }, index) =>
    scratch.input("", batched[index] ? { dtype: type.dtype, shape: ["steps", ...type.shape] } : type),
  );
  return batch(scratch, node, inputs, batched, "steps") !== undefined;
}

/**
 * The node over all time steps at once: the batched inputs have a leading axis of `length`, and so have the outputs.
 */
export function batchNode(
  b: Builder,
  node: Node,
  inputs: readonly Value[],
  batched: readonly boolean[],
  length: Dim,
): readonly Value[] {
  const batchedOutputs = batchingRule(node)?.(b, node, inputs, batched, length);
  const outputs = expectDefined(batchedOutputs, `a batching rule of ${node.op}`);
  outputs.forEach((output, index) => {
    const name = node.outputs[index]?.name;
    if (name !== undefined) b.withName(output, name);
  });
  return outputs;
}

/** The changes of a loop: its remaining states, nodes and outputs. */
export interface LoopChanges {
  /** True for the index of a state that remains; all remain by default. */
  readonly keepsState?: (index: number) => boolean;
  /** True for a node that remains in the body; all remain by default. */
  readonly keeps?: (node: Node) => boolean;
  /** The outer value of a body value that the remaining nodes read and no longer compute. */
  readonly source: (value: Value) => OuterSource;
  /** Values of the old body: the next values of the remaining states, then the scan outputs. */
  readonly outputs: readonly Value[];
}

/** The loop on new outer operands, rebuilt from some of its states and nodes. */
export function rebuildLoop(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  { keepsState = () => true, keeps = () => true, source, outputs }: LoopChanges,
): readonly Value[] {
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  const isKept = (_: Value, index: number) => keepsState(index);
  const builder = bodyBuilder(loop.attributes.body.name, source);
  const map = withSameInputs(builder, inner.states.filter(isKept), (old) => old);
  for (const node of loop.attributes.body.nodes)
    if (keeps(node)) map.record(node, builder.copy(node, node.inputs.map(map.get)));
  const results = outputs.map((old) => (map.has(old) ? map.get(old) : builder.identity(old)));
  return applyLoop(b, loop, outer.states.filter(isKept), outer.scans, builder, results);
}

/**
 * Appends the Scan of a new body.
 *
 * @param scans outer values that the loop scanned before: ONNX requires one, so a body that scans nothing gets the
 * first.
 */
export function applyLoop(
  b: Builder,
  loop: Loop,
  initialStates: readonly Value[],
  scans: readonly Value[],
  builder: BodyBuilder,
  results: readonly Value[],
): readonly Value[] {
  const placeholders: Value[] = [];
  if (builder.scanned.length === 0) {
    const first = at(scans, 0);
    builder.input(first.name ?? "slice", { dtype: first.type.dtype, shape: first.type.shape.slice(1) });
    placeholders.push(first);
  }
  const body = builder.finish(results);
  return b.apply("Scan", [...initialStates, ...placeholders, ...builder.scanned, ...builder.captured], {
    ...loop.attributes,
    body,
    stateCount: initialStates.length,
    scanCount: placeholders.length + builder.scanned.length,
  });
}
