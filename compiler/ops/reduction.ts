/** Primitives that reduce or normalize along axes. */
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { floatTypes } from "../ir/float16.js";
import { reader, tabulate } from "../ir/tensor.js";
import type { DType, NodeOf, Shape, Tensor, Type, Value } from "../ir/types.js";
import { dimAt, expectDType, type Family, type Rule, type Traits } from "./rule.js";

type Reduce = "ReduceSum" | "ReduceMean" | "ReduceMax";

const traits: Traits = {
  family: "reduction",
  broadcasting: false,
  commutative: false,
  bitExact: "unproven",
  flops: "per-entry",
  worthStacking: false,
};

const numericTypes = [...floatTypes, "int64", "int32"] as const;

function checkAxes({ shape }: Type, axes: readonly number[]): void {
  for (const axis of axes) dimAt(shape, axis);
  if (new Set(axes).size < axes.length) throw new Error(`axes [${axes.join(", ")}] repeat`);
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Folds the entries along some axes, in index order. */
function foldAxes(
  x: Tensor,
  axes: readonly number[],
  keep: boolean,
  start: number,
  f: (total: number, entry: number) => number,
): Tensor {
  const keptShape = reducedShape(x.shape, axes, true) as readonly number[];
  const inner = axes.map((axis) => at(x.shape, axis));
  const read = reader(x);
  const result = tabulate(x.dtype, keptShape, (index) => {
    let total = start;
    const position = [...index];
    tabulate(x.dtype, inner, (offset) => {
      axes.forEach((axis, i) => {
        position[axis] = at(offset, i);
      });
      total = f(total, read(position));
      return 0;
    });
    return total;
  });
  return { ...result, shape: reducedShape(x.shape, axes, keep) as readonly number[] };
}

/** A reduced value with the reduced axes as 1, so that it broadcasts against the operand. */
function restoreAxes(b: Builder, node: NodeOf<Reduce>, reduced: Value): Value {
  return node.attributes.keep ? reduced : b.unsqueeze(reduced, node.attributes.axes);
}

function reduction<K extends Reduce>(
  worthStacking: boolean,
  dtypes: readonly DType[],
  evaluate: (x: Tensor, axes: readonly number[], keep: boolean) => Tensor,
  vjp: (b: Builder, node: NodeOf<K>, g: Value) => Value,
): Rule<K> {
  return {
    traits: { ...traits, worthStacking },
    infer: (inputs, { axes, keep }) => {
      const x = at(inputs, 0);
      checkAxes(x, axes);
      return [{ dtype: expectDType(x, ...dtypes), shape: reducedShape(x.shape, axes, keep) }];
    },
    vjp: (b, node, [g]) => [g && vjp(b, node, g)],
    batch: (b, node, inputs) => {
      const { axes, keep } = node.attributes;
      return b.apply(node.op, inputs, { axes: axes.map((axis) => axis + 1), keep });
    },
    evaluate: (inputs, { axes, keep }) => [evaluate(at(inputs, 0), axes, keep)],
  };
}

/** The type of an operand that is normalized along its last axis. */
function rowsType(x: Type): Type {
  if (x.shape.length === 0) throw new Error("a scalar has no last axis");
  return { dtype: expectDType(x, ...floatTypes), shape: x.shape };
}

/**
 * Normalizes along the last axis. `finish` gets each entry minus the row's maximum, and the sum of their exponentials.
 */
function softmaxRows(x: Tensor, finish: (shifted: number, sum: number) => number): Tensor {
  const last = x.shape.length - 1;
  const size = at(x.shape, last);
  const data = new Float64Array(x.data.length);
  for (let row = 0; row < x.data.length; row += size) {
    const entries = x.data.subarray(row, row + size);
    const largest = entries.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = entries.reduce((total, entry) => total + Math.exp(entry - largest), 0);
    entries.forEach((entry, index) => {
      data[row + index] = finish(entry - largest, sum);
    });
  }
  return { ...x, data };
}

export const reductions: Family<Reduce | "ArgMax" | "Softmax" | "LogSoftmax"> = {
  ReduceSum: reduction<"ReduceSum">(
    true,
    numericTypes,
    (x, axes, keep) => foldAxes(x, axes, keep, 0, (total, entry) => total + entry),
    (b, node, g) => b.expand(restoreAxes(b, node, g), at(node.inputs, 0).type.shape),
  ),
  ReduceMean: reduction<"ReduceMean">(
    false,
    floatTypes,
    (x, axes, keep) => {
      const sum = foldAxes(x, axes, keep, 0, (total, entry) => total + entry);
      const count = x.data.length / Math.max(sum.data.length, 1);
      return { ...sum, data: sum.data.map((total) => total / count) };
    },
    (b, node, g) => {
      const x = at(node.inputs, 0);
      const { shape, dtype } = x.type;
      const reducedCount = elementCount(node.attributes.axes.map((axis) => dimAt(shape, axis)));
      const count =
        typeof reducedCount === "number"
          ? reducedCount
          : b.cast(b.div(b.cast(b.size(x), "float32"), b.cast(b.size(g), "float32")), dtype);
      return b.expand(b.div(restoreAxes(b, node, g), count), shape);
    },
  ),
  ReduceMax: reduction<"ReduceMax">(
    false,
    numericTypes,
    (x, axes, keep) => foldAxes(x, axes, keep, Number.NEGATIVE_INFINITY, Math.max),
    // Equal largest entries share the cotangent evenly.
    (b, node, g) => {
      const x = at(node.inputs, 0);
      const largest = restoreAxes(b, node, at(node.outputs, 0));
      const mask = b.cast(b.equal(x, largest), x.type.dtype);
      return b.mul(mask, b.div(restoreAxes(b, node, g), b.sum(mask, node.attributes.axes, true)));
    },
  ),
  ArgMax: {
    traits,
    infer: (inputs, { axis }) => {
      const x = at(inputs, 0);
      expectDType(x, ...numericTypes);
      checkAxes(x, [axis]);
      return [{ dtype: "int64", shape: reducedShape(x.shape, [axis], false) }];
    },
    vjp: "none",
    batch: (b, node, inputs) => b.apply("ArgMax", inputs, { axis: node.attributes.axis + 1 }),
    // The first of equal largest entries (ONNX's select_last_index = 0).
    evaluate: (inputs, { axis }) => {
      const x = at(inputs, 0);
      const read = reader(x);
      const shape = reducedShape(x.shape, [axis], false) as readonly number[];
      return [
        tabulate("int64", shape, (index) => {
          const position = [...index.slice(0, axis), 0, ...index.slice(axis)];
          let best = 0;
          let largest = Number.NEGATIVE_INFINITY;
          for (let i = 0; i < at(x.shape, axis); i++) {
            position[axis] = i;
            const entry = read(position);
            if (entry > largest) {
              largest = entry;
              best = i;
            }
          }
          return best;
        }),
      ];
    },
  },
  Softmax: {
    traits,
    infer: (inputs) => [rowsType(at(inputs, 0))],
    vjp: (b, node, [g]) => {
      const y = at(node.outputs, 0);
      return [g && b.mul(y, b.sub(g, b.sum(b.mul(g, y), [-1], true)))];
    },
    batch: (b, _, inputs) => b.apply("Softmax", inputs, {}),
    evaluate: (inputs) => [softmaxRows(at(inputs, 0), (shifted, sum) => Math.exp(shifted) / sum)],
  },
  LogSoftmax: {
    traits,
    infer: (inputs) => [rowsType(at(inputs, 0))],
    vjp: (b, node, [g]) => [g && b.sub(g, b.mul(b.exp(at(node.outputs, 0)), b.sum(g, [-1], true)))],
    batch: (b, _, inputs) => b.apply("LogSoftmax", inputs, {}),
    evaluate: (inputs) => [softmaxRows(at(inputs, 0), (shifted, sum) => shifted - Math.log(sum))],
  },
};
