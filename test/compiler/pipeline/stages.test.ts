/** The stages of the compiler for one small spec, an rnn of 2 on 4 symbols, printed; its loops are not unrolled. */
import { beforeAll, expect, test } from "vitest";
import type { Stage } from "../../../compiler/compile.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { build } from "../../support/artifacts.js";

const printed = new Map<Stage, string>();

beforeAll(async () => {
  await build(
    {
      name: "small",
      cells: {
        plain: {
          state: { h: "hidden_size" },
          parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] },
          equations: ["h' = tanh(x @ W + h @ U)"],
          output: "h'",
        },
      },
      data: { type: "text", text: "hello", window: 4 },
      model: [
        { layer: "one_hot" },
        { layer: "rnn", cell: "plain", hidden_size: 2 },
        { layer: "projection", bias: false },
      ],
      loss: { type: "cross_entropy", reduction: "sum" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
    },
    { disabledPasses: ["unroll-small-loops"], onStage: (stage, graph) => printed.set(stage, printGraph(graph)) },
  );
});

function stage(name: Stage, from = 0, to = Number.POSITIVE_INFINITY): string {
  const lines = printed.get(name)?.trimEnd().split("\n") ?? [];
  return `\n${lines.slice(from, to).join("\n")}\n`;
}

test("forward: the spec in primitives, with the cell's equations in a loop", () => {
  expect(stage("forward")).toMatchInlineSnapshot(`
    "
    graph small
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input inputs: i32[batch, time]
      input targets: i32[batch, time]
      transpose: i32[time, batch] = Transpose(inputs, perm=[1, 0])
      one_hot: f32[time, batch, 4] = OneHot(transpose, depth=4)
      expand: f32[batch, 2] = Expand(0.0)
      rnn/0/h: f32[batch, 2], rnn/0: f32[time, batch, 2] = Scan(length=time)
        state state.0: f32[batch, 2] = expand
        slice one_hot.1: f32[batch, 4] = one_hot
        capture rnn/0/W, rnn/0/U
        matmul: f32[batch, 2] = MatMul(one_hot.1, rnn/0/W)
        matmul.1: f32[batch, 2] = MatMul(state.0, rnn/0/U)
        add: f32[batch, 2] = Add(matmul, matmul.1)
        h': f32[batch, 2] = Tanh(add)
        next state.0 = h'
        stack rnn/0 = h'
      projection: f32[time, batch, 4] = MatMul(rnn/0, projection/W)
      transpose.1: i32[time, batch] = Transpose(targets, perm=[1, 0])
      logsoftmax: f32[time, batch, 4] = LogSoftmax(projection)
      cast: i64[time, batch] = Cast(transpose.1)
      unsqueeze: i64[time, batch, 1] = Unsqueeze(cast, axes=[2])
      gatherelements: f32[time, batch, 1] = GatherElements(logsoftmax, unsqueeze, axis=2)
      squeeze: f32[time, batch] = Squeeze(gatherelements, axes=[2])
      neg: f32[time, batch] = Neg(squeeze)
      loss: f32 = ReduceSum(neg, axes=[0, 1])
      size: i64 = Size(neg)
      cast.1: f32 = Cast(size)
      unsqueeze.1: f32[1] = Unsqueeze(loss, axes=[0])
      unsqueeze.2: f32[1] = Unsqueeze(0.0, axes=[0])
      concat: f32[2] = Concat(unsqueeze.1, unsqueeze.2, axis=0)
      concat.1: f32[2] = Concat(concat, axis=0)
      cast.2: i64[time, batch] = Cast(transpose.1)
      argmax: i64[time, batch] = ArgMax(projection, axis=2)
      equal: bool[time, batch] = Equal(argmax, cast.2)
      cast.3: f32[time, batch] = Cast(equal)
      reducesum: f32 = ReduceSum(cast.3, axes=[0, 1])
      size.1: i64 = Size(cast.3)
      cast.4: f32 = Cast(size.1)
      unsqueeze.3: f32[1] = Unsqueeze(reducesum, axes=[0])
      unsqueeze.4: f32[1] = Unsqueeze(cast.4, axes=[0])
      concat.2: f32[2] = Concat(unsqueeze.3, unsqueeze.4, axis=0)
      transpose.2: f32[batch, time, 4] = Transpose(projection, perm=[1, 0, 2])
      output loss
      output concat.1
      output concat.2
      output transpose.2
      output rnn/0/h
    "
  `);
});

test("prepared: the loss program; x @ W is hoisted from the loop, and is a Gather of W", () => {
  expect(stage("prepared")).toMatchInlineSnapshot(`
    "
    graph small
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input inputs: i32[batch, time]
      input targets: i32[batch, time]
      transpose: i32[time, batch] = Transpose(inputs, perm=[1, 0])
      expand: f32[batch, 2] = Expand(0.0)
      gather: f32[time, batch, 2] = Gather(rnn/0/W, transpose, axis=0)
      rnn/0/h: f32[batch, 2], rnn/0: f32[time, batch, 2] = Scan(length=time)
        state state.0: f32[batch, 2] = expand
        slice slice: f32[batch, 2] = gather
        capture rnn/0/U
        matmul: f32[batch, 2] = MatMul(state.0, rnn/0/U)
        add: f32[batch, 2] = Add(slice, matmul)
        h': f32[batch, 2] = Tanh(add)
        next state.0 = h'
        stack rnn/0 = h'
      projection: f32[time, batch, 4] = MatMul(rnn/0, projection/W)
      transpose.1: i32[time, batch] = Transpose(targets, perm=[1, 0])
      logsoftmax: f32[time, batch, 4] = LogSoftmax(projection)
      cast: i64[time, batch] = Cast(transpose.1)
      unsqueeze: i64[time, batch, 1] = Unsqueeze(cast, axes=[2])
      gatherelements: f32[time, batch, 1] = GatherElements(logsoftmax, unsqueeze, axis=2)
      reducesum: f32 = ReduceSum(gatherelements, axes=[0, 1, 2])
      loss: f32 = Neg(reducesum)
      output loss
    "
  `);
});

test("gradient: the same, with a backward loop", () => {
  expect(stage("gradient")).toMatchInlineSnapshot(`
    "
    graph small
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input inputs: i32[batch, time]
      input targets: i32[batch, time]
      transpose: i32[time, batch] = Transpose(inputs, perm=[1, 0])
      expand: f32[batch, 2] = Expand(0.0)
      gather: f32[time, batch, 2] = Gather(rnn/0/W, transpose, axis=0)
      rnn/0/h: f32[batch, 2], rnn/0: f32[time, batch, 2], scan: f32[time, batch, 2], scan.1: f32[time, batch, 2], scan.2: f32[time, batch, 2] = Scan(length=time)
        state state.0: f32[batch, 2] = expand
        slice slice: f32[batch, 2] = gather
        capture rnn/0/U
        matmul: f32[batch, 2] = MatMul(state.0, rnn/0/U)
        add: f32[batch, 2] = Add(slice, matmul)
        h': f32[batch, 2] = Tanh(add)
        next state.0 = h'
        stack rnn/0 = h'
        stack scan = state.0
        stack scan.1 = matmul
        stack scan.2 = add
      projection: f32[time, batch, 4] = MatMul(rnn/0, projection/W)
      transpose.1: i32[time, batch] = Transpose(targets, perm=[1, 0])
      logsoftmax: f32[time, batch, 4] = LogSoftmax(projection)
      cast: i64[time, batch] = Cast(transpose.1)
      unsqueeze: i64[time, batch, 1] = Unsqueeze(cast, axes=[2])
      gatherelements: f32[time, batch, 1] = GatherElements(logsoftmax, unsqueeze, axis=2)
      reducesum: f32 = ReduceSum(gatherelements, axes=[0, 1, 2])
      loss: f32 = Neg(reducesum)
      neg: f32 = Neg(1.0)
      unsqueeze.1: f32[1, 1, 1] = Unsqueeze(neg, axes=[0, 1, 2])
      expand.1: f32[time, batch, 1] = Expand(unsqueeze.1)
      squeeze: i64[time, batch] = Squeeze(unsqueeze, axes=[2])
      onehot: f32[time, batch, 4] = OneHot(squeeze, depth=4)
      mul: f32[time, batch, 4] = Mul(onehot, expand.1)
      exp: f32[time, batch, 4] = Exp(logsoftmax)
      reducesum.1: f32[time, batch, 1] = ReduceSum(mul, axes=[2], keep)
      mul.1: f32[time, batch, 4] = Mul(exp, reducesum.1)
      sub: f32[time, batch, 4] = Sub(mul, mul.1)
      transpose.2: f32[4, 2] = Transpose(projection/W, perm=[1, 0])
      matmul.1: f32[time, batch, 2] = MatMul(sub, transpose.2)
      reshape: f32[batch*time, 2] = Reshape(rnn/0)
      transpose.3: f32[2, batch*time] = Transpose(reshape, perm=[1, 0])
      reshape.1: f32[batch*time, 4] = Reshape(sub)
      gradient/projection/W: f32[2, 4] = MatMul(transpose.3, reshape.1)
      expand.2: f32[batch, 2] = Expand(0.0)
      expand.3: f32[2, 2] = Expand(0.0)
      scan.3: f32[batch, 2], gradient/rnn/0/U: f32[2, 2], scan.4: f32[time, batch, 2] = Scan(length=time, reverse)
        state gradient/state.0: f32[batch, 2] = expand.2
        state gradient/rnn/0/U.1: f32[2, 2] = expand.3
        slice gradient/h': f32[batch, 2] = matmul.1
        slice h'.1: f32[batch, 2] = rnn/0
        slice state.0.1: f32[batch, 2] = scan
        capture rnn/0/U
        add.1: f32[batch, 2] = Add(gradient/state.0, gradient/h')
        mul.2: f32[batch, 2] = Mul(h'.1, h'.1)
        sub.1: f32[batch, 2] = Sub(1.0, mul.2)
        mul.3: f32[batch, 2] = Mul(add.1, sub.1)
        transpose.4: f32[2, 2] = Transpose(rnn/0/U, perm=[1, 0])
        matmul.2: f32[batch, 2] = MatMul(mul.3, transpose.4)
        transpose.5: f32[2, batch] = Transpose(state.0.1, perm=[1, 0])
        matmul.3: f32[2, 2] = MatMul(transpose.5, mul.3)
        add.2: f32[2, 2] = Add(gradient/rnn/0/U.1, matmul.3)
        next gradient/state.0 = matmul.2
        next gradient/rnn/0/U.1 = add.2
        stack scan.4 = mul.3
      reshape.2: i32[batch*time] = Reshape(transpose)
      reshape.3: f32[batch*time, 2] = Reshape(scan.4)
      reshape.4: f32[batch*time, 2] = Reshape(reshape.3)
      onehot.1: f32[batch*time, 4] = OneHot(reshape.2, depth=4)
      gemm: f32[4, 2] = Gemm(onehot.1, reshape.4, transA)
      gradient/rnn/0/W: f32[4, 2] = Reshape(gemm)
      output loss
      output gradient/rnn/0/W
      output gradient/rnn/0/U
      output gradient/projection/W
    "
  `);
});

test("optimized: the step; both loops contain only nodes that depend on their states", () => {
  expect(stage("optimized")).toMatchInlineSnapshot(`
    "
    graph small
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input step: i64
      input inputs: i32[batch, time]
      input targets: i32[batch, time]
      transpose: i32[time, batch] = Transpose(inputs, perm=[1, 0])
      expand: f32[batch, 2] = Expand(0.0)
      gather: f32[time, batch, 2] = Gather(rnn/0/W, transpose, axis=0)
      rnn/0/h: f32[batch, 2], rnn/0: f32[time, batch, 2], scan: f32[time, batch, 2] = Scan(length=time)
        state state.0: f32[batch, 2] = expand
        slice slice: f32[batch, 2] = gather
        capture rnn/0/U
        gemm: f32[batch, 2] = Gemm(state.0, rnn/0/U, slice)
        h': f32[batch, 2] = Tanh(gemm)
        next state.0 = h'
        stack rnn/0 = h'
        stack scan = state.0
      projection: f32[time, batch, 4] = MatMul(rnn/0, projection/W)
      transpose.1: i32[time, batch] = Transpose(targets, perm=[1, 0])
      logsoftmax: f32[time, batch, 4] = LogSoftmax(projection)
      cast: i64[time, batch] = Cast(transpose.1)
      unsqueeze: i64[time, batch, 1] = Unsqueeze(cast, axes=[2])
      gatherelements: f32[time, batch, 1] = GatherElements(logsoftmax, unsqueeze, axis=2)
      reducesum: f32 = ReduceSum(gatherelements, axes=[0, 1, 2])
      loss: f32 = Neg(reducesum)
      onehot: f32[time, batch, 4] = OneHot(cast, depth=4)
      exp: f32[time, batch, 4] = Exp(logsoftmax)
      sub: f32[time, batch, 4] = Sub(exp, onehot)
      transpose.2: f32[4, 2] = Transpose(projection/W, perm=[1, 0])
      matmul: f32[time, batch, 2] = MatMul(sub, transpose.2)
      reshape: f32[batch*time, 2] = Reshape(rnn/0)
      reshape.1: f32[batch*time, 4] = Reshape(sub)
      gradient/projection/W: f32[2, 4] = Gemm(reshape, reshape.1, transA)
      mul: f32[time, batch, 2] = Mul(rnn/0, rnn/0)
      sub.1: f32[time, batch, 2] = Sub(1.0, mul)
      transpose.3: f32[2, 2] = Transpose(rnn/0/U, perm=[1, 0])
      scan.1: f32[batch, 2], scan.2: f32[time, batch, 2] = Scan(length=time, reverse)
        state gradient/state.0: f32[batch, 2] = expand
        slice gradient/h': f32[batch, 2] = matmul
        slice slice.1: f32[batch, 2] = sub.1
        capture transpose.3
        add: f32[batch, 2] = Add(gradient/state.0, gradient/h')
        mul.1: f32[batch, 2] = Mul(add, slice.1)
        matmul.1: f32[batch, 2] = MatMul(mul.1, transpose.3)
        next gradient/state.0 = matmul.1
        stack scan.2 = mul.1
      reshape.2: f32[batch*time, 2] = Reshape(scan)
      reshape.3: f32[batch*time, 2] = Reshape(scan.2)
      gradient/rnn/0/U: f32[2, 2] = Gemm(reshape.2, reshape.3, transA)
      reshape.4: i32[batch*time] = Reshape(transpose)
      onehot.1: f32[batch*time, 4] = OneHot(reshape.4, depth=4)
      gradient/rnn/0/W: f32[4, 2] = Gemm(onehot.1, reshape.3, transA)
      reshape.5: f32[8] = Reshape(rnn/0/W)
      reshape.6: f32[4] = Reshape(rnn/0/U)
      reshape.7: f32[8] = Reshape(projection/W)
      concat: f32[20] = Concat(reshape.5, reshape.6, reshape.7, axis=0)
      reshape.8: f32[8] = Reshape(gradient/rnn/0/W)
      reshape.9: f32[4] = Reshape(gradient/rnn/0/U)
      reshape.10: f32[8] = Reshape(gradient/projection/W)
      concat.1: f32[20] = Concat(reshape.8, reshape.9, reshape.10, axis=0)
      mul.2: f32[20] = Mul(concat.1, concat.1)
      reducesum.1: f32 = ReduceSum(mul.2, axes=[0])
      sqrt: f32 = Sqrt(reducesum.1)
      mul.3: f32[20] = Mul(0.1, concat.1)
      sub.2: f32[20] = Sub(concat, mul.3)
      split: f32[8], split.1: f32[4], split.2: f32[8] = Split(sub.2, axis=0, sizes=[8, 4, 8])
      reshape.11: f32[4, 2] = Reshape(split)
      reshape.12: f32[2, 2] = Reshape(split.1)
      reshape.13: f32[2, 4] = Reshape(split.2)
      add.1: i64 = Add(step, 1)
      output reshape.11
      output reshape.12
      output reshape.13
      output add.1
      output loss
      output sqrt
      output 0.1
    "
  `);
});

test("train: the step in a loop over batches", () => {
  expect(stage("train", 0, 15)).toMatchInlineSnapshot(`
    "
    graph small/train
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input step: i64
      input inputs: i32[steps, batch, time]
      input targets: i32[steps, batch, time]
      reshape: f32[8] = Reshape(rnn/0/W)
      reshape.1: f32[4] = Reshape(rnn/0/U)
      reshape.2: f32[8] = Reshape(projection/W)
      concat: f32[20] = Concat(reshape, reshape.1, reshape.2, axis=0)
      range: i64[steps] = Range(limit=steps)
      transpose: i32[steps, time, batch] = Transpose(inputs, perm=[0, 2, 1])
      expand: f32[batch, 2] = Expand(0.0)
      transpose.1: i32[steps, time, batch] = Transpose(targets, perm=[0, 2, 1])
    "
  `);
});

test("model: inference, without the loss", () => {
  expect(stage("model")).toMatchInlineSnapshot(`
    "
    graph small
      input rnn/0/W: f32[4, 2]
      input rnn/0/U: f32[2, 2]
      input projection/W: f32[2, 4]
      input inputs: i32[batch, time]
      transpose: i32[time, batch] = Transpose(inputs, perm=[1, 0])
      expand: f32[batch, 2] = Expand(0.0)
      gather: f32[time, batch, 2] = Gather(rnn/0/W, transpose, axis=0)
      rnn/0/h: f32[batch, 2], rnn/0: f32[time, batch, 2] = Scan(length=time)
        state state.0: f32[batch, 2] = expand
        slice slice: f32[batch, 2] = gather
        capture rnn/0/U
        gemm: f32[batch, 2] = Gemm(state.0, rnn/0/U, slice)
        h': f32[batch, 2] = Tanh(gemm)
        next state.0 = h'
        stack rnn/0 = h'
      projection: f32[time, batch, 4] = MatMul(rnn/0, projection/W)
      transpose.1: f32[batch, time, 4] = Transpose(projection, perm=[1, 0, 2])
      output transpose.1
      output rnn/0/h
    "
  `);
});
