/** Gradients with more than one form: the cheap form for the sizes is chosen. */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import type { OpName, Value } from "../../../compiler/ir/types.js";

/** Operators of the gradient of the sum of `build`, with respect to all inputs. */
function gradientOps(build: (b: Builder) => Value): readonly OpName[] {
  const b = graphBuilder("graph");
  const graph = b.finish([b.sum(build(b))]);
  const floats = graph.inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
  return differentiate(graph, 0, floats)
    .nodes.slice(graph.nodes.length)
    .map(({ op }) => op)
    .filter((op) => op !== "Constant");
}

const float = (b: Builder, name: string, ...shape: readonly (number | string)[]) =>
  b.input(name, { dtype: "float32", shape });
const integer = (b: Builder, name: string, ...shape: readonly (number | string)[]) =>
  b.input(name, { dtype: "int64", shape });

test("the gradient of a matrix shared by all rows of a sequence is one product over all rows", () => {
  const ops = gradientOps((b) => b.matmul(float(b, "x", "batch", "time", 3), float(b, "W", 3, 4)));
  // The cotangent of the sum; g Wᵀ; then xᵀ g of the flattened operands, without a sum over a batch of products.
  expect(ops).toEqual(["Unsqueeze", "Expand", "Transpose", "MatMul", "Reshape", "Transpose", "Reshape", "MatMul"]);
});

test("the gradient of a table uses a one-hot product up to 512 rows, a scatter above", () => {
  const lookUp = (rows: number | string) =>
    gradientOps((b) => b.gather(float(b, "E", rows, 8), integer(b, "ids", "batch"), 0)).filter(
      (op) => op === "OneHot" || op === "ScatterElements",
    );
  expect(lookUp(512)).toEqual(["OneHot"]);
  expect(lookUp(513)).toEqual(["ScatterElements"]);
  expect(lookUp("rows")).toEqual(["ScatterElements"]);
});

test("the gradient of one gathered entry per row uses one-hot rows, other gathers a scatter", () => {
  const pick = (picks: number) =>
    gradientOps((b) => b.gatherElements(float(b, "x", "batch", 5), integer(b, "ids", "batch", picks), 1)).filter(
      (op) => op === "OneHot" || op === "ScatterElements",
    );
  expect(pick(1)).toEqual(["OneHot"]);
  expect(pick(2)).toEqual(["ScatterElements"]);
});

test("the gradient of a mean over axes of static size divides by a constant, so that it can leave a loop", () => {
  expect(gradientOps((b) => b.mean(float(b, "x", "batch", 4), [1]))).not.toContain("Size");
  expect(gradientOps((b) => b.mean(float(b, "x", "batch", 4), [0]))).toContain("Size");
});
