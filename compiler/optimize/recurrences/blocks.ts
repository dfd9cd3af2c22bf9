/**
 * Elementwise recurrences of wide states in blocks of time steps: an outer loop carries the states from block to block and
 * stores nothing else; the gradient computes each block again (T. Chen et al., 2016), while it is in the cache. All that
 * is as wide as a state stays in the blocks, and what enters and leaves them is narrow.
 */
import { producersOf } from "../../graph/def-use.js";
import { checkpointedScan } from "../../graph/gradient-checkpointing.js";
import { scanOperands } from "../../graph/rewrite.js";
import { createValueMap } from "../../graph/value-map.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Node, Value } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";
import type { PassContext } from "../pass.js";
import { expectedSize } from "../target/index.js";
import { semiringOf } from "./elementwise.js";
import { nodesOfGroup, type Site, type Solution, type StateGroups } from "./take-apart.js";

/** A group of states with the nodes of a loop's body that stay with them. */
export interface Block {
  readonly group: readonly number[];
  readonly nodes: readonly Node[];
  /** Values of those nodes that others read. */
  readonly outputs: readonly Value[];
  /** Elements of a state. */
  readonly size: number;
}

/** Elements of what enters and leaves a block in one step, for each element of a state, up to which it gains. */
const MAX_BOUNDARY = 0.5;

/** A group of states as a block; undefined where it has no elementwise recurrence, or a boundary as wide as the states. */
export function blockOf(
  loop: Loop,
  groups: StateGroups,
  group: readonly number[],
  context: PassContext,
): Block | undefined {
  if (semiringOf(loop, groups, group)?.name !== "linear") return undefined;
  const { body } = loop.attributes;
  const { inner } = scanOperands(loop);
  const { dependencies } = groups;
  const sizeOf = ({ type }: Value) => expectedSize(elementCount(type.shape), context, Number.NaN);
  const states = group.map((index) => at(inner.states, index));
  const size = sizeOf(at(states, 0));
  const producers = producersOf(body);
  const invariant = new Set<Value>(inner.captures);
  for (const { inputs, outputs } of body.nodes)
    if (inputs.every((input) => invariant.has(input))) for (const output of outputs) invariant.add(output);
  const isWide = (value: Value) => !invariant.has(value) && sizeOf(value) >= size;

  const nodes = new Set<Node>();
  const include = (node: Node): void => {
    if (nodes.has(node)) return;
    nodes.add(node);
    for (const input of node.inputs) {
      const producer = producers.get(input);
      if (producer !== undefined && (isWide(input) || producer.op === "Constant")) include(producer);
    }
  };
  nodesOfGroup(loop, groups, group).forEach(include);
  // In topological order, groups after this one are not solved yet.
  const solved = new Set(groups.components.slice(0, groups.components.indexOf(group) + 1).flat());
  const own = new Set<Value>(states);
  for (const node of body.nodes) {
    const reads = node.inputs.some((input) => own.has(input) && isWide(input));
    const canStay = node.outputs.every((output) =>
      [...(dependencies.get(output) ?? [])].every((index) => solved.has(index)),
    );
    if (reads && canStay) include(node);
    const isOwn = (value: Value) => group.some((index) => dependencies.get(value)?.has(index));
    if (nodes.has(node)) for (const output of node.outputs) if (isOwn(output)) own.add(output);
  }
  const inside = body.nodes.filter((node) => nodes.has(node));
  const others = body.nodes.filter((node) => !nodes.has(node));
  const read = new Set([...others.flatMap(({ inputs }) => inputs), ...body.outputs.slice(loop.attributes.stateCount)]);
  const outputs = [...own].filter((value) => read.has(value));
  const made = new Set([...states, ...inside.flatMap((node) => node.outputs)]);
  const inputs = new Set(inside.flatMap((node) => node.inputs).filter((value) => !made.has(value)));
  const boundary = [...inputs, ...outputs].filter((value) => !invariant.has(value));
  const total = boundary.reduce((sum, value) => sum + sizeOf(value), 0);
  const isNarrow = inside.length > 0 && total <= MAX_BOUNDARY * size * group.length;
  return isNarrow ? { group, nodes: inside, outputs, size } : undefined;
}

/** The states of a block, in blocks of some time steps. */
export function solveInBlocks(loop: Loop, { group, nodes, outputs }: Block, steps: number, site: Site): Solution {
  const { b, timeSteps, reverse } = site;
  const { body } = loop.attributes;
  const { inner } = scanOperands(loop);
  const states = group.map((index) => at(inner.states, index));
  const made = new Set([...states, ...nodes.flatMap((node) => node.outputs)]);
  const inputs = [...new Set(nodes.flatMap((node) => node.inputs))].filter((value) => !made.has(value));
  const outside = inputs.map((value) => ({ value, outer: site.outerValueOf(value) }));
  const scanned = outside.filter(({ outer }) => outer.perStep);
  const scans = scanned.length > 0 ? scanned.map(({ outer }) => outer.value) : [at(site.scans, 0)];
  const { final, scanOutputs } = checkpointedScan(
    b,
    `${body.name}/blocks`,
    { initial: group.map(site.initial), scans, reverse, solved: true },
    timeSteps,
    (builder, before, slices) => {
      const map = createValueMap(builder, (old) => old);
      states.forEach((state, index) => {
        map.set(state, at(before, index));
      });
      for (const { value, outer } of outside) if (!outer.perStep) map.set(value, outer.value);
      scanned.forEach(({ value }, index) => {
        map.set(value, at(slices, index));
      });
      for (const node of nodes) map.record(node, builder.copy(node, node.inputs.map(map.get)));
      const stacked = (value: Value) => (states.includes(value) ? builder.identity(map.get(value)) : map.get(value));
      return { next: group.map((index) => map.get(site.nextOf(index))), scanOutputs: outputs.map(stacked) };
    },
    steps,
  );
  return { final, readOf: (value) => scanOutputs[outputs.indexOf(value)] };
}
