/** Op decomposition: operations without an accurate kernel in the WebGPU provider, in terms of others. */
import { type RewriteRule, type RewriteSite, rewrite } from "../../graph/rewrite.js";
import { addDims, subDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Dim, Node, Value } from "../../ir/types.js";
import { traitsOf } from "../../ops/index.js";
import { decomposeLayerNormalization } from "../../ops/normalization.js";
import type { Pass } from "../pass.js";
import { webgpu } from "../target/index.js";

const iota = (count: number) =>
  tensor(
    "int32",
    [count],
    Array.from({ length: count }, (_, index) => index),
  );

/** True for a node that only moves elements: WebGPU has such kernels for numbers, not for bools. */
const isDataMovement = (node: Node): boolean => traitsOf(node).family === "movement" || node.op === "Gather";

/** Bools are moved as float32. */
function moveBoolsAsFloats(node: Node, { b, inputs }: RewriteSite): readonly Value[] | undefined {
  if (!isDataMovement(node) || inputs[0]?.type.dtype !== "bool") return undefined;
  const floats = inputs.map((input) => (input.type.dtype === "bool" ? b.cast(input, "float32") : input));
  return b.copy(node, floats).map((value) => b.cast(value, "bool"));
}

/** True when an integer value is provably 0 or more. */
function isNonNegative(site: RewriteSite, value: Value): boolean {
  const node = site.producer(value);
  const allNonNegative = (): boolean => node?.inputs.every((input) => isNonNegative(site, input)) === true;
  switch (node?.op) {
    case "Constant":
      return node.attributes.value.data.every((entry) => entry >= 0);
    case "Range":
    case "ArgMax":
    case "OneHot":
      return true;
    case "Mod":
      return isNonNegative(site, at(node.inputs, 1));
    case "Where":
      return node.inputs.slice(1).every((input) => isNonNegative(site, input));
    case "Cast":
      return at(node.inputs, 0).type.dtype === "bool" || allNonNegative();
    case "Add":
    case "Mul":
    case "Div":
      return allNonNegative();
    default:
      return node !== undefined && isDataMovement(node) && allNonNegative();
  }
}

/** The remainder x - y·⌊x / y⌋ of a constant positive divisor. */
function remainder(site: RewriteSite): readonly Value[] | undefined {
  const { b, inputs, constant } = site;
  const [x, y] = [at(inputs, 0), at(inputs, 1)];
  if (constant(y)?.data.every((entry) => entry > 0) !== true) return undefined;
  const difference = b.sub(x, b.mul(b.div(x, y), y));
  return [isNonNegative(site, x) ? difference : b.where(b.less(difference, 0), b.add(difference, y), difference)];
}

/** A window on integers, by Gather: Slice has no integer kernel. */
function gatherWindow({ b }: RewriteSite, x: Value, axis: number, start: Dim, end: Dim): readonly Value[] | undefined {
  if (typeof start !== "number" || typeof end !== "number") return undefined;
  const { data, ...tensorType } = iota(end - start);
  return [b.gather(x, b.constant({ ...tensorType, data: data.map((index) => index + start) }), axis)];
}

const replace: RewriteRule = (node, site) => {
  const { b, inputs } = site;
  const x = inputs[0];
  if (node.op === "Range" && typeof node.attributes.limit === "number" && inputs.length === 0)
    return [b.constant({ ...iota(node.attributes.limit), dtype: "int64" })];
  if (x === undefined) return undefined;
  const moved = moveBoolsAsFloats(node, site);
  if (moved !== undefined) return moved;
  const isInteger = x.type.dtype !== "float32";
  const lastAxis = x.type.shape.length - 1;
  switch (node.op) {
    case "LogSoftmax": {
      const shifted = b.sub(x, b.reduceMax(x, [lastAxis], true));
      return [b.sub(shifted, b.log(b.sum(b.exp(shifted), [lastAxis], true)))];
    }
    // Its WebGPU kernel computes the variance as a difference of two means, which cancels where the mean is large.
    case "LayerNormalization":
      return decomposeLayerNormalization(b, inputs, node.attributes.epsilon);
    case "OneHot": {
      const { depth, dtype } = node.attributes;
      if (typeof depth !== "number") return undefined;
      const classes = b.constant({ ...iota(depth), dtype: x.type.dtype });
      return [b.cast(b.equal(b.unsqueeze(x, [lastAxis + 1]), classes), dtype)];
    }
    case "Sign":
      return [b.sub(b.cast(b.greater(x, 0), "float32"), b.cast(b.less(x, 0), "float32"))];
    case "Or":
      return [b.not(b.and(b.not(x), b.not(at(inputs, 1))))];
    case "Neg":
      return isInteger ? [b.sub(0, x)] : undefined;
    case "Abs":
      return isInteger ? [b.max(x, b.sub(0, x))] : undefined;
    case "Mod":
      return remainder(site);
    case "Slice": {
      const { axis, start, end } = node.attributes;
      return isInteger ? gatherWindow(site, x, axis, start, end) : undefined;
    }
    case "Split": {
      const { axis, sizes } = node.attributes;
      if (!isInteger && sizes.length <= webgpu.maxKernelOutputs) return undefined;
      const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce(addDims, 0));
      return ends.flatMap((end, index) => {
        const start = subDims(end, at(sizes, index));
        return (isInteger && gatherWindow(site, x, axis, start, end)) || [b.slice(x, axis, start, end)];
      });
    }
    default:
      return undefined;
  }
};

export const decompose: Pass = {
  name: "decompose",
  after: ["unroll"],
  description: "Replaces operations without a WebGPU kernel: OneHot(i) → Cast(Equal(i, [0, 1, …])).",
  run: (graph) => rewrite(graph, replace),
};
