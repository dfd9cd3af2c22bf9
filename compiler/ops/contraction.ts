/** Matrix products. */
import { broadcastShapes, elementCount, printShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { floatTypes } from "../ir/float16.js";
import { broadcastReader, reader, tabulate } from "../ir/tensor.js";
import type { DType, Shape, Tensor, Type, Value } from "../ir/types.js";
import { alignBatched, unbroadcast } from "./broadcast.js";
import { expectDType, type Family, type Traits } from "./rule.js";

const traits: Traits = {
  family: "contraction",
  broadcasting: false,
  commutative: false,
  bitExact: "unproven",
  flops: "product",
  worthStacking: true,
};

/** The permutation that swaps the last two of `rank` axes. */
export function swapLast(rank: number): readonly number[] {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  return [...perm.slice(0, rank - 2), rank - 1, rank - 2];
}

/** The common element type of the factors and the addend. */
function productType(inputs: readonly Type[]): DType {
  const dtype = expectDType(at(inputs, 0), ...floatTypes);
  for (const input of inputs) expectDType(input, dtype);
  return dtype;
}

function matrixDims(type: Type): readonly [Shape[number], Shape[number]] {
  if (type.shape.length < 2) throw new Error(`${printShape(type.shape)} is not a matrix`);
  return [at(type.shape, type.shape.length - 2), at(type.shape, type.shape.length - 1)];
}

function expectSameInner(k: Shape[number], l: Shape[number], x: Type, y: Type): void {
  if (k !== l) throw new Error(`${printShape(x.shape)} times ${printShape(y.shape)}: inner sizes ${k} and ${l} differ`);
}

/** The position of the first entry of each matrix, for the leading axes that those of the factors broadcast to. */
function matrixStarts(factor: Tensor, lead: readonly number[]): Tensor["data"] {
  const shape = factor.shape.slice(0, -2);
  const size = at(factor.shape, factor.shape.length - 2) * at(factor.shape, factor.shape.length - 1);
  const data = Float64Array.from(
    { length: shape.reduce((product, dim) => product * dim, 1) },
    (_, index) => index * size,
  );
  return tabulate("int64", lead, broadcastReader({ dtype: "int64", shape, data }, lead.length)).data;
}

/** Adds the product of a matrix of `x` and one of `y`, each at the position of its first entry, to one of `sum`. */
function addProduct(
  sum: Float64Array,
  start: number,
  [x, startX]: readonly [Tensor, number],
  [y, startY]: readonly [Tensor, number],
): void {
  const [m = 1, k = 1] = x.shape.slice(-2);
  const n = at(y.shape, y.shape.length - 1);
  for (let i = 0; i < m; i++) {
    const row = start + i * n;
    for (let l = 0; l < k; l++) {
      const factor = x.data[startX + i * k + l] as number;
      const rowY = startY + l * n;
      for (let j = 0; j < n; j++) sum[row + j] = (sum[row + j] as number) + factor * (y.data[rowY + j] as number);
    }
  }
}

/** A matrix with its axes swapped. */
function transposed(matrix: Tensor): Tensor {
  const shape = matrix.shape.toReversed();
  const read = reader(matrix);
  return tabulate(matrix.dtype, shape, ([i = 0, j = 0]) => read([j, i]));
}

export const contraction: Family<"MatMul" | "Gemm"> = {
  MatMul: {
    traits,
    infer: (inputs) => {
      const x = at(inputs, 0);
      const y = at(inputs, 1);
      const [m, k] = matrixDims(x);
      const [l, n] = matrixDims(y);
      expectSameInner(k, l, x, y);
      const lead = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
      if (lead === undefined)
        throw new Error(`${printShape(x.shape)} times ${printShape(y.shape)}: leading axes differ`);
      return [{ dtype: productType(inputs), shape: [...lead, m, n] }];
    },
    // dx = g yᵀ, dy = xᵀ g. For a right factor of rank 2, dy is one product of operands flattened to rows.
    vjp: (b, node, cotangents) => {
      const g = at(cotangents, 0);
      const x = at(node.inputs, 0);
      const y = at(node.inputs, 1);
      const transposed = (value: Value) => b.transpose(value, swapLast(value.type.shape.length));
      const rows = (value: Value) => {
        const shape = value.type.shape;
        return shape.length === 2
          ? value
          : b.reshape(value, [elementCount(shape.slice(0, -1)), at(shape, shape.length - 1)]);
      };
      const dx = unbroadcast(b, b.matmul(g, transposed(y)), x);
      if (y.type.shape.length === 2) return [dx, b.matmul(transposed(rows(x)), rows(g))];
      return [dx, unbroadcast(b, b.matmul(transposed(x), g), y)];
    },
    // Leading axes broadcast, so an operand of lower rank gets axes of size 1 after the batch axis.
    batch: (b, node, inputs, batched) => b.apply("MatMul", alignBatched(b, node.inputs, inputs, batched), {}),
    evaluate: (inputs) => {
      const x = at(inputs, 0);
      const y = at(inputs, 1);
      const m = at(x.shape, x.shape.length - 2);
      const n = at(y.shape, y.shape.length - 1);
      const lead = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2)) as readonly number[];
      const shape = [...lead, m, n];
      const [startsX, startsY] = [matrixStarts(x, lead), matrixStarts(y, lead)];
      const data = new Float64Array(startsX.length * m * n);
      startsX.forEach((startX, matrix) => {
        addProduct(data, matrix * m * n, [x, startX], [y, startsY[matrix] as number]);
      });
      return [{ dtype: x.dtype, shape, data }];
    },
  },
  // x @ y + c, each factor transposed on request; c broadcasts and is optional.
  Gemm: {
    traits,
    infer: (inputs, { transA, transB }) => {
      const x = at(inputs, 0);
      const y = at(inputs, 1);
      if (x.shape.length !== 2 || y.shape.length !== 2) throw new Error("the factors of Gemm have rank 2");
      const [a0, a1] = matrixDims(x);
      const [b0, b1] = matrixDims(y);
      expectSameInner(transA ? a0 : a1, transB ? b1 : b0, x, y);
      const shape = [transA ? a1 : a0, transB ? b0 : b1];
      const c = inputs[2];
      if (c !== undefined && broadcastShapes(shape, c.shape)?.join() !== shape.join())
        throw new Error(`${printShape(c.shape)} does not broadcast to ${printShape(shape)}`);
      return [{ dtype: productType(inputs), shape }];
    },
    vjp: (b, node, cotangents) => {
      const g = at(cotangents, 0);
      const { transA, transB } = node.attributes;
      const x = at(node.inputs, 0);
      const y = at(node.inputs, 1);
      const c = node.inputs[2];
      // d(op(x)) = g op(y)ᵀ and d(op(y)) = op(x)ᵀ g; a transposed factor transposes the whole product.
      const dx = transA ? b.gemm(y, g, undefined, transB, true) : b.gemm(g, y, undefined, false, !transB);
      const dy = transB ? b.gemm(g, x, undefined, true, transA) : b.gemm(x, g, undefined, !transA, false);
      return c === undefined ? [dx, dy] : [dx, dy, unbroadcast(b, g, c)];
    },
    batch: (b, node, inputs, batched) => {
      const { transA, transB } = node.attributes;
      const factor = (index: number, transposed: boolean) => {
        const value = at(inputs, index);
        return transposed ? b.transpose(value, swapLast(value.type.shape.length)) : value;
      };
      const product = b.matmul(factor(0, transA), factor(1, transB));
      const c = inputs[2];
      if (c === undefined) return [product];
      const missing = 2 - at(node.inputs, 2).type.shape.length;
      const axes = Array.from({ length: missing }, (_, axis) => axis + 1);
      return [b.add(product, batched[2] && missing > 0 ? b.unsqueeze(c, axes) : c)];
    },
    evaluate: (inputs, { transA, transB }) => {
      const x = transA ? transposed(at(inputs, 0)) : at(inputs, 0);
      const y = transB ? transposed(at(inputs, 1)) : at(inputs, 1);
      const shape = [at(x.shape, 0), at(y.shape, 1)];
      const c = inputs[2];
      const { data } = tabulate(x.dtype, shape, c === undefined ? () => 0 : broadcastReader(c, 2));
      addProduct(data, 0, [x, 0], [y, 0]);
      return [{ dtype: x.dtype, shape, data }];
    },
  },
};
