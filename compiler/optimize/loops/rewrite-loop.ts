/** What the loop passes ask of a Scan's body: which values depend on its states, who reads them, and how to build it anew. */
import { type BodyBuilder, bodyBuilder, graphBuilder, type OuterSource, ruleOf } from "../../graph/builder.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import { withSameInputs } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Graph, Node, NodeOf, OpName, Value } from "../../ir/types.js";

/** Values of a body that depend on no state: the same whatever came before this step. */
export function stateIndependent(loop: NodeOf<"Scan">): ReadonlySet<Value> {
  const { inner } = scanOperands(loop);
  const independent = new Set([...inner.scans, ...inner.captures]);
  for (const node of loop.attributes.body.nodes) {
    if (node.inputs.every((input) => independent.has(input)))
      for (const output of node.outputs) independent.add(output);
  }
  return independent;
}

/** Which node of a body makes each value. */
export function producersOf(body: Graph): ReadonlyMap<Value, Node> {
  return new Map(body.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

/** Applies a replacement to every loop, inner ones first. */
export function rewriteLoops(
  graph: Graph,
  replace: (b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]) => readonly Value[] | undefined,
): Graph {
  return rewrite(graph, (node, { b, inputs }) => (node.op === "Scan" ? replace(b, node, inputs) : undefined));
}

/** Applies a pass that looks at one graph to every loop's body, inner ones first, and to the graph itself. */
export function transformRecursively(graph: Graph, transform: (subgraph: Graph) => Graph): Graph {
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== "Scan") return node;
    const body = transformRecursively(node.attributes.body, transform);
    return body === node.attributes.body ? node : { ...node, attributes: { ...node.attributes, body } };
  });
  return transform(nodes.every((node, index) => node === graph.nodes[index]) ? graph : { ...graph, nodes });
}

/** The nodes that read each value, once for each of their operands that it is. */
export function readersOf(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  return readers;
}

/** How often each value is read on the way to the graph's outputs, being one of them included. Dead nodes read nothing. */
export function countReaders(graph: Graph): ReadonlyMap<Value, number> {
  const readers = new Map<Value, number>();
  const read = (value: Value) => readers.set(value, (readers.get(value) ?? 0) + 1);
  graph.outputs.forEach(read);
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((output) => readers.has(output))) node.inputs.forEach(read);
  }
  return readers;
}

/** A step of a body that is being made again. */
export interface BodySite {
  readonly b: Builder;
  /** The new body's value for one of the old body's, made by an earlier step or by a state-free one. */
  lookup(old: Value): Value;
}

/**
 * A loop whose body is made again step by step, the state-free steps first; `replace` may give other values for a step's
 * outputs. Undefined when nothing was replaced.
 */
export function rewriteBody(
  b: Builder,
  loop: NodeOf<"Scan">,
  operands: readonly Value[],
  replace: (node: Node, site: BodySite) => readonly Value[] | undefined,
): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const isIndependent = (node: Node) => node.outputs.every((output) => independent.has(output));
  const inner = graphBuilder(body.name);
  const map = withSameInputs(inner, body.inputs);
  let changed = false;
  for (const node of [...body.nodes.filter(isIndependent), ...body.nodes.filter((each) => !isIndependent(each))]) {
    const replaced = replace(node, { b: inner, lookup: map.get });
    changed ||= replaced !== undefined;
    map.record(node, replaced ?? inner.copy(node, node.inputs.map(map.get)));
  }
  if (!changed) return undefined;
  return b.apply("Scan", operands, { ...loop.attributes, body: inner.finish(body.outputs.map(map.get)) });
}

function batchingRule({ op }: Node) {
  const { batch } = ruleOf<OpName>(op);
  return batch === "stay" ? undefined : batch;
}

/** Whether a node can run over one more leading axis, with these of its inputs having it. */
export function canBatch(node: Node, batched: readonly boolean[]): boolean {
  const batch = batchingRule(node);
  if (batch === undefined) return false;
  const scratch = graphBuilder("trial");
  const inputs = node.inputs.map(({ type }, index) =>
    scratch.input("", batched[index] ? { dtype: type.dtype, shape: ["steps", ...type.shape] } : type),
  );
  return batch(scratch, node, inputs, batched, "steps") !== undefined;
}

/** Runs a node over the whole leading axis of those inputs that have it. */
export function batchNode(
  b: Builder,
  node: Node,
  inputs: readonly Value[],
  batched: readonly boolean[],
  length: Graph["inputs"][number]["type"]["shape"][number],
): readonly Value[] {
  const batchedOutputs = batchingRule(node)?.(b, node, inputs, batched, length);
  const outputs = expectDefined(batchedOutputs, `what ${node.op} is outside its loop`);
  outputs.forEach((output, index) => {
    const name = node.outputs[index]?.name;
    if (name !== undefined) b.withName(output, name);
  });
  return outputs;
}

/** A body rebuilt from some of its nodes; `source` says where it finds those of the old body's values that it lacks. */
export interface RebuiltBody {
  readonly builder: BodyBuilder;
  /** The new body's own value for one of the old body's. */
  lookup(old: Value): Value;
}

export function rebuildBody(
  loop: NodeOf<"Scan">,
  states: readonly Value[],
  keep: (loop: Node) => boolean,
  source: (value: Value) => OuterSource,
): RebuiltBody {
  const builder = bodyBuilder(loop.attributes.body.name, source);
  const map = withSameInputs(builder, states, (old) => old);
  for (const node of loop.attributes.body.nodes)
    if (keep(node)) map.record(node, builder.copy(node, node.inputs.map(map.get)));
  return { builder, lookup: (old) => (map.has(old) ? map.get(old) : builder.identity(old)) };
}

/** Makes the Scan of a rebuilt body. A loop that scans nothing keeps its first slice, since ONNX needs one. */
export function rebuildScan(
  b: Builder,
  loop: NodeOf<"Scan">,
  initialStates: readonly Value[],
  outerScans: readonly Value[],
  rebuilt: RebuiltBody,
  outputs: readonly Value[],
): readonly Value[] {
  const { builder, lookup } = rebuilt;
  const results = outputs.map(lookup);
  const placeholders: Value[] = [];
  if (builder.scanned.length === 0) {
    const first = at(outerScans, 0);
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
