/** Automatic mixed precision: the values that become float16, and the casts. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Value } from "../../../compiler/ir/types.js";
import { mixedPrecisionPasses, runPasses } from "../../../compiler/optimize/pipeline.js";
import { autocast } from "../../../compiler/precision/autocast.js";

type Inputs = Readonly<Record<"x" | "W" | "U" | "ids", Value>>;

/** A graph of data `x` and `ids`, and parameters `W` and `U`, in float16. */
function halfOf(build: (b: Builder, inputs: Inputs) => readonly Value[]): string {
  const b = graphBuilder("half");
  const float = (name: string, ...shape: (number | string)[]) => b.input(name, { dtype: "float32", shape });
  const [x, W, U] = [float("x", "time", "batch", 3), float("W", 3, 4), float("U", 4, 4)];
  const ids = b.input("ids", { dtype: "int64", shape: ["batch"] });
  const graph = autocast(b.finish(build(b, { x, W, U, ids })), [0, 3]);
  const text = printGraph(runPasses(verify(graph, "mixed"), mixedPrecisionPasses, { expected: new Map() }));
  return `\n${text.split("\n").slice(5).join("\n")}`;
}

test("products and their readers are float16 up to an operation in float32; parameters are cast once", () => {
  expect(
    halfOf((b, { x, W }) => {
      const half = b.tanh(b.matmul(x, W));
      return [
        b.mean(half),
        b.sum(b.mul(b.softmax(half), half)),
        b.sum(b.matmul(b.matmul(x, W), b.transpose(W, [1, 0]))),
      ];
    }),
  ).toMatchInlineSnapshot(`
    "
      cast: f16[time, batch, 3] = Cast(x)
      cast.1: f16[3, 4] = Cast(W)
      matmul: f16[time, batch, 4] = MatMul(cast, cast.1)
      tanh: f16[time, batch, 4] = Tanh(matmul)
      cast.2: f32[time, batch, 4] = Cast(tanh)
      reducemean: f32 = ReduceMean(cast.2, axes=[0, 1, 2])
      softmax: f32[time, batch, 4] = Softmax(cast.2)
      mul: f32[time, batch, 4] = Mul(softmax, cast.2)
      reducesum: f32 = ReduceSum(mul, axes=[0, 1, 2])
      transpose: f32[4, 3] = Transpose(W, perm=[1, 0])
      cast.3: f16[4, 3] = Cast(transpose)
      matmul.1: f16[time, batch, 3] = MatMul(matmul, cast.3)
      cast.4: f32[time, batch, 3] = Cast(matmul.1)
      reducesum.1: f32 = ReduceSum(cast.4, axes=[0, 1, 2])
      output reducemean
      output reducesum
      output reducesum.1
    "
  `);
});

test("data stays float32, and so do its differences from predictions", () => {
  expect(
    halfOf((b, { x, W }) => [b.sum(b.sub(b.matmul(b.matmul(x, W), b.transpose(W, [1, 0])), x))]),
  ).toMatchInlineSnapshot(`
    "
      cast: f16[time, batch, 3] = Cast(x)
      cast.1: f16[3, 4] = Cast(W)
      matmul: f16[time, batch, 4] = MatMul(cast, cast.1)
      transpose: f32[4, 3] = Transpose(W, perm=[1, 0])
      cast.2: f16[4, 3] = Cast(transpose)
      matmul.1: f16[time, batch, 3] = MatMul(matmul, cast.2)
      cast.3: f32[time, batch, 3] = Cast(matmul.1)
      sub: f32[time, batch, 3] = Sub(cast.3, x)
      reducesum: f32 = ReduceSum(sub, axes=[0, 1, 2])
      output reducesum
    "
  `);
});

test("operations on parameters alone stay float32: a penalty, a gathered row", () => {
  expect(halfOf((b, { W, U, ids }) => [b.sum(b.mul(W, W)), b.matmul(b.gather(U, ids, 0), U)])).toMatchInlineSnapshot(`
    "
      mul: f32[3, 4] = Mul(W, W)
      reducesum: f32 = ReduceSum(mul, axes=[0, 1])
      gather: f32[batch, 4] = Gather(U, ids, axis=0)
      cast: f16[batch, 4] = Cast(gather)
      cast.1: f16[4, 4] = Cast(U)
      matmul: f16[batch, 4] = MatMul(cast, cast.1)
      cast.2: f32[batch, 4] = Cast(matmul)
      output reducesum
      output cast.2
    "
  `);
});

test("constants beyond float16 keep the other operand in float32", () => {
  expect(
    halfOf((b, { x, W }) => {
      const scores = b.matmul(x, W);
      return [b.where(b.greater(scores, 0), scores, -1e9), b.add(scores, 0.5), b.add(scores, 1e-6)];
    }),
  ).toMatchInlineSnapshot(`
    "
      cast: f16[time, batch, 3] = Cast(x)
      cast.1: f16[3, 4] = Cast(W)
      matmul: f16[time, batch, 4] = MatMul(cast, cast.1)
      greater: bool[time, batch, 4] = Greater(matmul, 0.0)
      cast.2: f32[time, batch, 4] = Cast(matmul)
      where: f32[time, batch, 4] = Where(greater, cast.2, -1000000000.0)
      add: f16[time, batch, 4] = Add(matmul, 0.5)
      add.1: f32[time, batch, 4] = Add(cast.2, 0.000001)
      cast.3: f32[time, batch, 4] = Cast(add)
      output where
      output cast.3
      output add.1
    "
  `);
});

test("the precision of a state is a fixed point over its steps", () => {
  expect(
    halfOf((b, { x, W, U }) => {
      const zeros = b.expand(b.scalar(0), ["batch", 4]);
      const { final } = scan(b, "step", { initial: [zeros, zeros, zeros], scans: [x] }, (inner, states, slices) => {
        const [h = zeros, log = zeros, sum = zeros] = states;
        const next = inner.tanh(inner.add(inner.matmul(slices[0] as Value, W), inner.matmul(h, U)));
        return { next: [next, inner.softplus(inner.add(log, next)), inner.add(sum, 1)], scanOutputs: [] };
      });
      return final;
    }),
  ).toMatchInlineSnapshot(`
    "
      expand: f32[batch, 4] = Expand(0.0)
      expand.1: f16[batch, 4] = Expand(0.0)
      cast: f16[time, batch, 3] = Cast(x)
      cast.1: f16[3, 4] = Cast(W)
      matmul: f16[time, batch, 4] = MatMul(cast, cast.1)
      cast.2: f16[4, 4] = Cast(U)
      scan: f16[batch, 4], scan.1: f32[batch, 4], scan.2: f32[batch, 4] = Scan(length=time)
        state state.0: f16[batch, 4] = expand.1
        state state.1: f32[batch, 4] = expand
        state state.2: f32[batch, 4] = expand
        slice slice: f16[batch, 4] = matmul
        capture cast.2
        matmul.1: f16[batch, 4] = MatMul(state.0, cast.2)
        add: f16[batch, 4] = Add(slice, matmul.1)
        tanh: f16[batch, 4] = Tanh(add)
        cast.3: f32[batch, 4] = Cast(tanh)
        add.1: f32[batch, 4] = Add(state.1, cast.3)
        softplus: f32[batch, 4] = Softplus(add.1)
        add.2: f32[batch, 4] = Add(state.2, 1.0)
        next state.0 = tanh
        next state.1 = softplus
        next state.2 = add.2
      cast.4: f32[batch, 4] = Cast(scan)
      output cast.4
      output scan.1
      output scan.2
    "
  `);
});

test("booleans and one-hot rows become float16 without a cast from float32", () => {
  expect(
    halfOf((b, { x, W, ids }) => {
      const scores = b.matmul(x, W);
      const mask = b.cast(b.greater(b.constant(tensor("int64", [4], [0, 1, 2, 3])), 1), "float32");
      return [b.mul(scores, mask), b.mul(scores, b.oneHot(ids, 4))];
    }),
  ).toMatchInlineSnapshot(`
    "
      cast: f16[time, batch, 3] = Cast(x)
      cast.1: f16[3, 4] = Cast(W)
      matmul: f16[time, batch, 4] = MatMul(cast, cast.1)
      constant: f16[4] = Constant([0.0, 0.0, 1.0, 1.0])
      mul: f16[time, batch, 4] = Mul(matmul, constant)
      onehot: f16[batch, 4] = OneHot(ids, depth=4)
      mul.1: f16[time, batch, 4] = Mul(matmul, onehot)
      cast.2: f32[time, batch, 4] = Cast(mul)
      cast.3: f32[time, batch, 4] = Cast(mul.1)
      output cast.2
      output cast.3
    "
  `);
});
