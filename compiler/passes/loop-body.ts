/** What the loop passes ask of a Scan's body: which values depend on its states, who reads them, and how to build it anew. */
import { type BodyBuilder, bodyBuilder, graphBuilder, ruleOf, type Source } from "../graph/build.js";
import { sameInputs } from "../graph/counterparts.js";
import { copyNode, rewrite, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import type { OpName } from "../ir/operators.js";
import { at, present } from "../ir/present.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";

/** Values of a body that depend on no state: the same whatever came before this step. */
export function stateFree(node: NodeOf<"Scan">): ReadonlySet<Value> {
  const { inner } = scanOperands(node);
  const free = new Set([...inner.scans, ...inner.captures]);
  for (const step of node.attributes.body.nodes) {
    if (step.inputs.every((input) => free.has(input))) for (const output of step.outputs) free.add(output);
  }
  return free;
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
export function inBodies(graph: Graph, change: (part: Graph) => Graph): Graph {
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== "Scan") return node;
    const body = inBodies(node.attributes.body, change);
    return body === node.attributes.body ? node : { ...node, attributes: { ...node.attributes, body } };
  });
  return change(nodes.every((node, index) => node === graph.nodes[index]) ? graph : { ...graph, nodes });
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
  here(old: Value): Value;
}

/**
 * A loop whose body is made again step by step, the state-free steps first; `replace` may give other values for a step's
 * outputs. Undefined when nothing was replaced.
 */
export function rewriteBody(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  replace: (step: Node, site: BodySite) => readonly Value[] | undefined,
): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const isFree = (step: Node) => step.outputs.every((output) => free.has(output));
  const inner = graphBuilder(body.name);
  const here = sameInputs(inner, body.inputs);
  let changed = false;
  for (const step of [...body.nodes.filter(isFree), ...body.nodes.filter((each) => !isFree(each))]) {
    const replaced = replace(step, { b: inner, here: here.of });
    changed ||= replaced !== undefined;
    here.take(step, replaced ?? copyNode(inner, step, step.inputs.map(here.of)));
  }
  if (!changed) return undefined;
  return b.apply("Scan", operands, { ...node.attributes, body: inner.finish(body.outputs.map(here.of)) });
}

function batchOf({ op }: Node) {
  const { batch } = ruleOf<OpName>(op);
  return batch === "stay" ? undefined : batch;
}

/** Whether a node can run over one more leading axis, with these of its inputs having it. */
export function canBatch(node: Node, batched: readonly boolean[]): boolean {
  const batch = batchOf(node);
  if (batch === undefined) return false;
  const trial = graphBuilder("trial");
  const inputs = node.inputs.map(({ type }, index) =>
    trial.input("", batched[index] ? { dtype: type.dtype, shape: ["steps", ...type.shape] } : type),
  );
  return batch(trial, node as NodeOf<OpName>, inputs, batched, "steps") !== undefined;
}

/** Runs a node over the whole leading axis of those inputs that have it. */
export function batchNode(
  b: Builder,
  node: Node,
  inputs: readonly Value[],
  batched: readonly boolean[],
  size: Graph["inputs"][number]["type"]["shape"][number],
): readonly Value[] {
  const made = batchOf(node)?.(b, node as NodeOf<OpName>, inputs, batched, size);
  const outputs = present(made, `what ${node.op} is outside its loop`);
  outputs.forEach((output, index) => {
    const name = node.outputs[index]?.name;
    if (name !== undefined) b.named(output, name);
  });
  return outputs;
}

/** A body rebuilt from some of its nodes; `source` says where it finds those of the old body's values that it lacks. */
export interface Rebuilt {
  readonly builder: BodyBuilder;
  /** The new body's own value for one of the old body's. */
  resultOf(old: Value): Value;
}

export function rebuildBody(
  node: NodeOf<"Scan">,
  states: readonly Value[],
  keep: (node: Node) => boolean,
  source: (value: Value) => Source,
): Rebuilt {
  const builder = bodyBuilder(node.attributes.body.name, source);
  const here = sameInputs(builder, states, (old) => old);
  for (const step of node.attributes.body.nodes)
    if (keep(step)) here.take(step, copyNode(builder, step, step.inputs.map(here.of)));
  return { builder, resultOf: (old) => (here.has(old) ? here.of(old) : builder.identity(old)) };
}

/** Makes the Scan of a rebuilt body. A loop that scans nothing keeps its first slice, since ONNX needs one. */
export function rebuildScan(
  b: Builder,
  node: NodeOf<"Scan">,
  initial: readonly Value[],
  outerScans: readonly Value[],
  rebuilt: Rebuilt,
  outputs: readonly Value[],
): readonly Value[] {
  const { builder, resultOf } = rebuilt;
  const results = outputs.map(resultOf);
  const spare: Value[] = [];
  if (builder.scanned.length === 0) {
    const first = at(outerScans, 0);
    builder.input(first.name ?? "slice", { dtype: first.type.dtype, shape: first.type.shape.slice(1) });
    spare.push(first);
  }
  const body = builder.finish(results);
  return b.apply("Scan", [...initial, ...spare, ...builder.scanned, ...builder.captured], {
    ...node.attributes,
    body,
    states: initial.length,
    scans: spare.length + builder.scanned.length,
  });
}
