/** Loop unrolling: a loop of static length becomes its steps one after another. */
import { unrollSteps } from "../../graph/loop.js";
import { inline, type RewriteRule, type RewriteSite, rewrite, scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount, mulDims, sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, NodeOf, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, type Target, targetOf } from "../target/index.js";

type Loop = NodeOf<"Scan">;

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

/** The slices of a value that an unrolled loop stacked. */
function stackedSlices({ producer }: RewriteSite, value: Value, length: number): readonly Value[] | undefined {
  const stack = producer(value);
  const concat = stack?.op === "Reshape" ? producer(at(stack.inputs, 0)) : undefined;
  const shape = value.type.shape.slice(1);
  const isStacked =
    concat?.op === "Concat" &&
    concat.attributes.axis === 0 &&
    concat.inputs.length === length &&
    concat.inputs.every(({ type }) => sameShape(type.shape, shape));
  return isStacked ? concat.inputs : undefined;
}

/** The slice of a value at a time step, in a node of its own. */
type SliceAt = (time: number) => Value;

/** One node for each slice. */
const gatherSlices = (b: Builder, value: Value): SliceAt => {
  return (time) => b.gather(value, b.scalar(time, "int64"), 0);
};

/** One node for all slices. */
function splitSlices(b: Builder, value: Value): SliceAt {
  const [length = 0, rows, ...rest] = value.type.shape;
  if (typeof length !== "number" || rows === undefined) return gatherSlices(b, value);
  const joined = b.reshape(value, [mulDims(length, rows), ...rest]);
  const slices = b.split(joined, new Array(length).fill(rows), 0);
  return (time) => at(slices, time);
}

/** Few nodes for all slices, of at most `limit` results each; a node for each slice where no equal groups give them. */
const groupedSlices =
  (limit: number): typeof gatherSlices =>
  (b, value) => {
    const length = value.type.shape[0];
    const pieces = typeof length === "number" ? splitEqually(b, value, length, limit) : undefined;
    return pieces === undefined ? gatherSlices(b, value) : (time) => b.squeeze(at(pieces, time), [0]);
  };

/** Pieces of size 1 along axis 0, by splits of at most `limit` outputs; undefined where no equal splits give them. */
function splitEqually(b: Builder, value: Value, length: number, limit: number): readonly Value[] | undefined {
  if (length === 1) return [value];
  const parts = length <= limit ? length : length / largestDivisor(length, limit);
  if (parts > limit) return undefined;
  const pieces = b.split(value, new Array<number>(parts).fill(length / parts), 0);
  if (parts === length) return pieces;
  const nested = pieces.map((piece) => splitEqually(b, piece, length / parts, limit));
  return nested.every((list) => list !== undefined) ? nested.flat() : undefined;
}

function largestDivisor(count: number, limit: number): number {
  for (let divisor = limit; divisor > 1; divisor--) if (count % divisor === 0) return divisor;
  return 1;
}

function unrollLoop(loop: Loop, length: number, site: RewriteSite, slicesOf: typeof gatherSlices): readonly Value[] {
  const { b, inputs } = site;
  const { body, stateCount, reverse } = loop.attributes;
  const { outer } = scanOperands({ inputs, attributes: loop.attributes });
  const scans = outer.scans.map((value): SliceAt => {
    const slices = stackedSlices(site, value, length);
    return slices === undefined ? slicesOf(b, value) : (time) => at(slices, time);
  });
  const { final, scanOutputs } = unrollSteps({ length, reverse }, outer.states, (states, time) => {
    const results = inline(b, body, [...states, ...scans.map((sliceAt) => sliceAt(time)), ...outer.captures]);
    return { next: results.slice(0, stateCount), scanOutputs: results.slice(stateCount) };
  });
  return [...final, ...scanOutputs.map((values) => stackValues(b, values))];
}

const replaceFor =
  ({ splitsSteps, maxKernelOutputs }: Target): RewriteRule =>
  (node, site) => {
    if (node.op !== "Scan") return undefined;
    const { length } = node.attributes;
    const slicesOf = splitsSteps ? groupedSlices(maxKernelOutputs) : gatherSlices;
    return typeof length === "number" && length > 0 ? unrollLoop(node, length, site, slicesOf) : undefined;
  };

export const unroll: Pass = {
  name: "unroll",
  description: "Unrolls a loop of static length: Scan(x, length=2) → step(x[0]), step(x[1]).",
  run: (graph, context) => rewrite(graph, replaceFor(targetOf(context))),
};

/**
 * True for a loop of a few steps whose kernels write a few numbers: calling them is the cost, and each step of a loop
 * takes as long as some calls more.
 */
function isSmall({ attributes: { body, length } }: Loop, context: PassContext): boolean {
  const { maxNodes, maxElements } = targetOf(context).unrollLoops;
  const unknown = Number.POSITIVE_INFINITY;
  const writesLittle = ({ type }: Value) => expectedSize(elementCount(type.shape), context, unknown) <= maxElements;
  return (
    length !== 0 &&
    expectedSize(length, context, unknown) * body.nodes.length <= maxNodes &&
    body.nodes.every(({ op, outputs }) => op !== "Scan" && outputs.every(writesLittle))
  );
}

/** True where a loop would be unrolled once the number of time steps is fixed. */
export function hasSmallLoop({ nodes }: Graph, context: PassContext): boolean {
  return nodes.some((node) => node.op === "Scan" && isSmall(node, context));
}

export const unrollSmallLoops: Pass = {
  name: "unroll-small-loops",
  description: "Unrolls a loop of a few small steps: Scan(x, length=2) → step(x[0]), step(x[1]).",
  after: ["reuse-loop-values", "fuse-into-loop"],
  run: (graph, context) =>
    rewrite(graph, (node, site) => {
      if (node.op !== "Scan" || !isSmall(node, context)) return undefined;
      const { length } = node.attributes;
      return typeof length === "number" ? unrollLoop(node, length, site, splitSlices) : undefined;
    }),
};
