/** Functions that give a row a matrix, or read one: outer products, transposes, heads, one-hot vectors. */
import { mulDims, printShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Shape } from "../../ir/types.js";
import { isShapeMismatch, rowShape, shapeOf, sizeOf } from "../expression-type.js";
import { einsumFunction } from "./einsum.js";
import {
  argumentError,
  asValue,
  broadcastLeading,
  type EquationFunction,
  lastDim,
  missingAxis,
  tensorType,
} from "./function.js";

export const matrixFunctions: Readonly<Record<string, EquationFunction>> = {
  outer: {
    notation: "outer(a, b)",
    equation: "the matrix a_i b_j of two vectors",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [a, b] = [shapeOf(at(args, 0)), shapeOf(at(args, 1))];
      const scalar = [a, b].findIndex(({ length }) => length === 0);
      if (scalar >= 0) return missingAxis(scalar);
      const leading = broadcastLeading(args, rules);
      if (!isShapeMismatch(leading)) return tensorType([...leading, lastDim(a), lastDim(b)], args);
      return argumentError("shape-mismatch", `${printShape(a)} and ${printShape(b)} differ in an axis before the last`);
    },
    build(b, args) {
      const [column, row] = [asValue(b, at(args, 0)), asValue(b, at(args, 1))];
      return b.mul(b.unsqueeze(column, [column.type.shape.length]), b.unsqueeze(row, [row.type.shape.length - 1]));
    },
  },
  transpose: {
    notation: "transpose(a)",
    equation: "the matrix a_j,i: the last two axes change places",
    arity: [1, 1],
    conditionCount: 0,
    infer(args, rules) {
      const shape = shapeOf(at(args, 0));
      if (rowShape(at(args, 0), rules).length < 2) return noMatrix(shape);
      return tensorType([...shape.slice(0, -2), lastDim(shape), at(shape, shape.length - 2)], args);
    },
    build(b, args, shape) {
      const last = shape.length - 1;
      return b.transpose(asValue(b, at(args, 0)), [...shape.keys()].toSpliced(-2, 2, last, last - 1));
    },
  },
  einsum: einsumFunction,
  split_heads: {
    notation: "split_heads(a, heads)",
    equation: "[…, heads · size] as […, heads, size]",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [a, heads] = [at(args, 0), at(args, 1)];
      const shape = shapeOf(a);
      if (rowShape(a, rules).length === 0) return missingAxis(0);
      const count = sizeOf(heads);
      if (count === undefined)
        return argumentError("argument", "the number of heads must be an integer of at least 1", 1);
      const size = rules.divide(lastDim(shape), count);
      if (size !== undefined) return tensorType([...shape.slice(0, -1), count, size], args);
      const message = `${printShape(shape)} does not split into ${count} heads: its last size is ${lastDim(shape)}`;
      return argumentError("shape-mismatch", message);
    },
    build: (b, args, shape) => b.reshape(asValue(b, at(args, 0)), shape),
  },
  merge_heads: {
    notation: "merge_heads(a)",
    equation: "[…, heads, size] as […, heads · size]",
    arity: [1, 1],
    conditionCount: 0,
    infer(args, rules) {
      const shape = shapeOf(at(args, 0));
      if (rowShape(at(args, 0), rules).length < 2) return noMatrix(shape);
      return tensorType([...shape.slice(0, -2), mulDims(at(shape, shape.length - 2), lastDim(shape))], args);
    },
    build: (b, args, shape) => b.reshape(asValue(b, at(args, 0)), shape),
  },
  one_hot: {
    notation: "one_hot(a, classes)",
    equation: "1 at the index a, from 0, of a new last axis, or of one of size 1; zeros where a is no index",
    arity: [2, 2],
    conditionCount: 0,
    infer(args, rules) {
      const [a, classes] = [at(args, 0), at(args, 1)];
      const size = sizeOf(classes);
      if (size === undefined)
        return argumentError("argument", "the number of classes must be an integer of at least 1", 1);
      return tensorType([...withoutColumn(rowShape(a, rules), shapeOf(a)), size], args);
    },
    build(b, args, shape) {
      const a = asValue(b, at(args, 0));
      const size = Number(lastDim(shape));
      const indices = b.constant(
        tensor(
          "float32",
          [size],
          Array.from({ length: size }, (_, index) => index),
        ),
      );
      const column = a.type.shape.length === shape.length ? a : b.unsqueeze(a, [a.type.shape.length]);
      return b.cast(b.equal(column, indices), "float32");
    },
  },
};

/** A shape without the last axis of the row where its size is 1. */
function withoutColumn(row: Shape, shape: Shape): Shape {
  return row.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

function noMatrix(shape: Shape) {
  return argumentError("argument", `${printShape(shape)} has no two axes of its own in each row`, 0);
}
