/** Cases of the matrix products: different ranks, broadcast leading axes, transposed factors. */
import type { CaseOf, Cases } from "./case.js";
import { normal, type Sample } from "./sample.js";

const product = (title: string, x: Sample, y: Sample): CaseOf<"MatMul"> => ({
  title,
  operands: [x, y],
  attributes: {},
});

const gemm = (title: string, transA: boolean, transB: boolean, ...operands: readonly Sample[]): CaseOf<"Gemm"> => ({
  title,
  operands,
  attributes: { transA, transB },
});

export const contraction: Cases<"MatMul" | "Gemm"> = {
  MatMul: [
    product("matrices", normal(2, 3), normal(3, 4)),
    product("rows of a sequence times a shared matrix", normal("batch", "time", 3), normal(3, 2)),
    product("a shared matrix times each of a batch", normal(2, 3), normal("batch", 3, 4)),
    product("one product for each of a batch", normal("batch", 2, 3), normal("batch", 3, 4)),
    product("leading axes that broadcast both ways", normal(2, 1, 2, 3), normal(4, 3, 2)),
    product("an inner size of 1", normal(2, 1), normal(1, 3)),
    product("a row times a column", normal(1, 4), normal(4, 1)),
    product("an inner size that is a symbol", normal(2, "time"), normal("time", 3)),
  ],
  Gemm: [
    gemm("x @ y", false, false, normal("batch", 3), normal(3, 4)),
    gemm("x @ y + a row", false, false, normal("batch", 3), normal(3, 4), normal(4)),
    gemm("xᵀ @ y + a scalar", true, false, normal(3, "batch"), normal(3, 4), normal()),
    gemm("x @ yᵀ + a column", false, true, normal("batch", 3), normal(4, 3), normal("batch", 1)),
    gemm("xᵀ @ yᵀ + a matrix", true, true, normal(3, "batch"), normal(4, 3), normal("batch", 4)),
    gemm("xᵀ @ yᵀ", true, true, normal(3, 2), normal(4, 3)),
    gemm("x @ y + a row kept as a matrix", false, false, normal(2, 3), normal(3, 4), normal(1, 4)),
  ],
};
