/** Transposes of vectors as reshapes, with equal values. */
import { expect, test } from "vitest";
import { vectorTransposes } from "../../../../compiler/optimize/kernels/vector-transposes.js";
import { changes, expectUntouched, graphOf } from "../../../support/before-after.js";

test("a transpose that moves axes of size 1 only is a reshape", () => {
  const graph = graphOf((b, float) => [
    b.matmul(float("x", 3, "batch", 2, 4), b.transpose(float("row", 3, "batch", 1, 4), [0, 1, 3, 2])),
    b.transpose(float("unit", 1, "batch", 2), [1, 2, 0]),
  ]);
  expect(changes(vectorTransposes, graph)).toMatchInlineSnapshot(`
    "
    -  transpose: f32[3, batch, 4, 1] = Transpose(row, perm=[0, 1, 3, 2])
    -  matmul: f32[3, batch, 2, 1] = MatMul(x, transpose)
    -  transpose.1: f32[batch, 2, 1] = Transpose(unit, perm=[1, 2, 0])
    +  reshape: f32[3, batch, 4, 1] = Reshape(row)
    +  matmul: f32[3, batch, 2, 1] = MatMul(x, reshape)
    +  reshape.1: f32[batch, 2, 1] = Reshape(unit)
       output matmul
    -  output transpose.1
    +  output reshape.1
    "
  `);
});

test("keeps transposes that reorder numbers, those of several symbols, and exported models", () => {
  const graph = graphOf((b, float) => [
    b.transpose(float("matrix", 2, "batch", 4), [0, 2, 1]),
    b.transpose(float("symbols", "time", "batch", 1), [0, 2, 1]),
  ]);
  expectUntouched(vectorTransposes, graph);
  const vector = graphOf((b, float) => [b.transpose(float("row", 1, 4), [1, 0])]);
  expect(vectorTransposes.run(vector, { expected: new Map(), opset: 17 })).toBe(vector);
});
