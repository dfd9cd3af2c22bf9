/** Stand-in: what WebGPU has no kernel for is computed by what it has. */
import { type Replacement, rewrite, type Site } from "../graph/rewrite.js";
import { at } from "../ir/present.js";
import { tensor } from "../ir/tensor.js";
import type { Dim, Node, Value } from "../ir/types.js";
import { movement } from "../ops/movement.js";
import type { Pass } from "./pass.js";

/** A kernel writes into as many buffers as it has results, and reads one more: devices have 8 at least. */
const MOST_RESULTS = 7;

const counting = (count: number) =>
  tensor(
    "int32",
    [count],
    Array.from({ length: count }, (_, index) => index),
  );

/** Whether a node only moves entries, for which there are kernels of numbers alone. */
const moves = ({ op }: Node): boolean => op in movement || op === "Gather";

/** Flags are moved as numbers. */
function movedFlags(node: Node, { b, inputs }: Site): readonly Value[] | undefined {
  if (!moves(node) || inputs[0]?.type.dtype !== "bool") return undefined;
  const numbers = inputs.map((input) => (input.type.dtype === "bool" ? b.cast(input, "float32") : input));
  return b.copy(node, numbers).map((value) => b.cast(value, "bool"));
}

/** Whether whole numbers can be seen to be 0 or more. */
function isNatural(site: Site, value: Value): boolean {
  const node = site.producer(value);
  const all = (): boolean => node?.inputs.every((input) => isNatural(site, input)) === true;
  switch (node?.op) {
    case "Constant":
      return node.attributes.value.data.every((entry) => entry >= 0);
    case "Range":
    case "ArgMax":
    case "OneHot":
      return true;
    case "Mod":
      return isNatural(site, at(node.inputs, 1));
    case "Where":
      return node.inputs.slice(1).every((input) => isNatural(site, input));
    case "Cast":
      return at(node.inputs, 0).type.dtype === "bool" || all();
    case "Add":
    case "Mul":
    case "Div":
      return all();
    default:
      return node !== undefined && moves(node) && all();
  }
}

/** x - y·⌊x / y⌋, of a divisor that can be seen to be more than 0. */
function remainder(site: Site): readonly Value[] | undefined {
  const { b, inputs, constant } = site;
  const [x, y] = [at(inputs, 0), at(inputs, 1)];
  if (constant(y)?.data.every((entry) => entry > 0) !== true) return undefined;
  const rest = b.sub(x, b.mul(b.div(x, y), y));
  return [isNatural(site, x) ? rest : b.where(b.less(rest, 0), b.add(rest, y), rest)];
}

/** A window on whole numbers, which are gathered and not cut out. */
function rows({ b }: Site, x: Value, axis: number, start: Dim, end: Dim): readonly Value[] | undefined {
  if (typeof start !== "number" || typeof end !== "number") return undefined;
  const { data, ...counted } = counting(end - start);
  return [b.gather(x, b.constant({ ...counted, data: data.map((place) => place + start) }), axis)];
}

const replace: Replacement = (node, site) => {
  const { b, inputs } = site;
  const x = inputs[0];
  if (node.op === "Range" && typeof node.attributes.limit === "number" && inputs.length === 0)
    return [b.constant({ ...counting(node.attributes.limit), dtype: "int64" })];
  if (x === undefined) return undefined;
  const moved = movedFlags(node, site);
  if (moved !== undefined) return moved;
  const whole = x.type.dtype !== "float32";
  const last = x.type.shape.length - 1;
  switch (node.op) {
    case "LogSoftmax": {
      const below = b.sub(x, b.reduceMax(x, [last], true));
      return [b.sub(below, b.log(b.sum(b.exp(below), [last], true)))];
    }
    case "OneHot": {
      const { depth, dtype } = node.attributes;
      if (typeof depth !== "number") return undefined;
      const classes = b.constant({ ...counting(depth), dtype: x.type.dtype });
      return [b.cast(b.equal(b.unsqueeze(x, [last + 1]), classes), dtype)];
    }
    case "Sign":
      return [b.sub(b.cast(b.greater(x, 0), "float32"), b.cast(b.less(x, 0), "float32"))];
    case "Or":
      return [b.not(b.and(b.not(x), b.not(at(inputs, 1))))];
    case "Neg":
      return whole ? [b.sub(0, x)] : undefined;
    case "Abs":
      return whole ? [b.max(x, b.sub(0, x))] : undefined;
    case "Mod":
      return remainder(site);
    case "Slice": {
      const { axis, start, end } = node.attributes;
      return whole ? rows(site, x, axis, start, end) : undefined;
    }
    case "Split": {
      const { axis, sizes } = node.attributes;
      if (!whole && sizes.length <= MOST_RESULTS) return undefined;
      const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
      return ends.flatMap((end, index) => {
        const start = end - (sizes[index] ?? 0);
        return (whole && rows(site, x, axis, start, end)) || [b.slice(x, axis, start, end)];
      });
    }
    default:
      return undefined;
  }
};

export const standIn: Pass = {
  name: "stand-in",
  description: "What WebGPU has no kernel for, by what it has: OneHot(i) → Cast(Equal(i, [0, 1, …])).",
  run: (graph) => rewrite(graph, replace),
};
