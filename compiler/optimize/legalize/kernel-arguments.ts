/**
 * Concatenations, splits and products in the forms whose CUDA kernels take all that they read as arguments. Other forms copy
 * tables from the host in every call, and a captured graph would read the host's memory when it is replayed.
 *
 * Source: the copies of ONNX Runtime's CUDA provider of 1.29 for models of one operator.
 */
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Shape, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { cuda } from "../target/index.js";

const limit = cuda.maxKernelOutputs;

const isFloat = ({ type }: Value) => type.dtype === "float32" || type.dtype === "float16";

const allEqual = <T>(values: readonly T[]) => values.every((value) => value === values[0]);

/** The axes before the last two, which a product of matrices broadcasts. */
const batchAxes = (shape: Shape): Shape => shape.slice(0, -2);

/** True for a node whose kernel copies a table from the host. */
function copiesArguments(node: Node): boolean {
  switch (node.op) {
    case "Concat": {
      const sizes = node.inputs.map(({ type }) => type.shape[node.attributes.axis]);
      return sizes.length > limit || !allEqual(sizes);
    }
    case "Split":
      return node.attributes.sizes.length > limit || !allEqual(node.attributes.sizes);
    case "MatMul": {
      const [x, y] = node.inputs.map(({ type }) => type.shape) as [Shape, Shape];
      return y.length > 2 && !sameShape(batchAxes(x), batchAxes(y));
    }
    case "Scan":
      return true;
    default:
      return false;
  }
}

/** True for a graph that the CUDA provider can capture: it has no loop, and copies nothing from the host. */
export function isCapturable({ nodes }: Graph): boolean {
  return !nodes.some(copiesArguments);
}

/** Groups of equal size, of at most `limit` values, from a number of values that they divide. */
function groupSize(count: number): number | undefined {
  for (let groups = Math.ceil(count / limit); groups <= limit; groups++)
    if (count % groups === 0) return count / groups;
  return undefined;
}

/** Values of equal size in groups; the last one is repeated where no groups of equal size have them all. */
function concatEqual(b: Builder, values: readonly Value[], axis: number): Value {
  if (values.length <= limit) return b.concat(values, axis);
  const count = groupSize(values.length) === undefined ? limit * Math.ceil(values.length / limit) : values.length;
  const size = groupSize(count) ?? limit;
  const padded = Array.from({ length: count }, (_, index) => values[index] ?? at(values, values.length - 1));
  const groups = Array.from({ length: count / size }, (_, index) =>
    b.concat(padded.slice(index * size, (index + 1) * size), axis),
  );
  const joined = concatEqual(b, groups, axis);
  const length = Number(at(values, 0).type.shape[axis]) * values.length;
  return count === values.length ? joined : b.slice(joined, axis, 0, length);
}

const runningSums = (sizes: readonly number[]): readonly number[] =>
  sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));

/** A sum of values that are zero outside of their place. */
function concatByPadding(b: Builder, values: readonly Value[], axis: number): Value | undefined {
  const sizes = values.map(({ type }) => type.shape[axis]);
  if (!sizes.every((size) => typeof size === "number") || !values.every(isFloat)) return undefined;
  const ends = runningSums(sizes);
  const total = ends.at(-1) ?? 0;
  const places = values.map((value, index) => {
    const end = ends[index] ?? 0;
    return b.pad(value, axis, end - (sizes[index] ?? 0), total - end);
  });
  return places.reduce((sum, place) => b.add(sum, place));
}

const replace: RewriteRule = (node, { b, inputs }) => {
  if (!copiesArguments(node)) return undefined;
  switch (node.op) {
    case "Concat": {
      const { axis } = node.attributes;
      const isEqual = allEqual(inputs.map(({ type }) => type.shape[axis]));
      const joined = isEqual ? concatEqual(b, inputs, axis) : concatByPadding(b, inputs, axis);
      return joined && [joined];
    }
    case "Split": {
      const { axis, sizes } = node.attributes;
      if (!sizes.every((size) => typeof size === "number")) return undefined;
      const ends = runningSums(sizes);
      return ends.map((end, index) => b.slice(at(inputs, 0), axis, end - (sizes[index] ?? 0), end));
    }
    case "MatMul": {
      const batch = at(node.outputs, 0).type.shape.slice(0, -2);
      const whole = inputs.map((input) => b.expand(input, [...batch, ...input.type.shape.slice(-2)])) as [Value, Value];
      return [b.matmul(...whole)];
    }
    default:
      return undefined;
  }
};

export const kernelArguments: Pass = {
  name: "kernel-arguments",
  after: ["unroll"],
  description: "Replaces operations whose CUDA kernels copy from the host: Split(x, [2, 1]) → x[0:2], x[2:3].",
  run: (graph) => rewrite(graph, replace),
};
