/** Sinking of nodes that no state depends on. */
import { describe, expect, test } from "vitest";
import { sink } from "../../../../compiler/optimize/loops/sink.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

const context = { expected: { time: 3, batch: 2 } };

describe("sink", () => {
  test("computes a weight's gradient from stacked operands", () => {
    const graph = graphOf((b, float) => {
      const u = float("U", 2, 2);
      return loop(
        b,
        [float("g", "batch", 2), float("dU", 2, 2)],
        [float("hs", "time", "batch", 2)],
        ({ add, matmul, mul, transpose }, [g, total], [h]) => {
          const d = mul(g, h);
          return [[matmul(d, u), add(total, matmul(transpose(h, [1, 0]), d))], []];
        },
        true,
      );
    });
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[batch, 2], scan.1: f32[2, 2] = Scan(length=time, reverse)
      +  scan: f32[batch, 2], scan.1: f32[time, batch, 2] = Scan(length=time, reverse)
           state g.1: f32[batch, 2] = g
      -    state dU.1: f32[2, 2] = dU
           slice hs.1: f32[batch, 2] = hs
           capture U
           mul: f32[batch, 2] = Mul(g.1, hs.1)
           matmul: f32[batch, 2] = MatMul(mul, U)
      -    transpose: f32[2, batch] = Transpose(hs.1, perm=[1, 0])
      -    matmul.1: f32[2, 2] = MatMul(transpose, mul)
      -    add: f32[2, 2] = Add(dU.1, matmul.1)
           next g.1 = matmul
      -    next dU.1 = add
      +    stack scan.1 = mul
      +  transpose: f32[time, 2, batch] = Transpose(hs, perm=[0, 2, 1])
      +  matmul.1: f32[time, 2, 2] = MatMul(transpose, scan.1)
      +  reducesum: f32[2, 2] = ReduceSum(matmul.1, axes=[0])
      +  add: f32[2, 2] = Add(dU, reducesum)
         output scan
      -  output scan.1
      +  output add
      "
    `);
  });

  test("moves nodes that only outputs depend on after the loop", () => {
    const graph = graphOf((b, float) => {
      const w = float("W", 2, 5);
      return loop(
        b,
        [float("h", "batch", 2)],
        [float("xs", "time", "batch", 2)],
        ({ add, matmul, softmax, tanh }, [h], [x]) => {
          const next = tanh(add(h, x));
          return [[next], [softmax(matmul(next, w))]];
        },
      );
    });
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[batch, 2], scan.1: f32[time, batch, 5] = Scan(length=time)
      +  scan: f32[batch, 2], scan.1: f32[time, batch, 2] = Scan(length=time)
           state h.1: f32[batch, 2] = h
           slice xs.1: f32[batch, 2] = xs
      -    capture W
           add: f32[batch, 2] = Add(h.1, xs.1)
           tanh: f32[batch, 2] = Tanh(add)
      -    matmul: f32[batch, 5] = MatMul(tanh, W)
      -    softmax: f32[batch, 5] = Softmax(matmul)
           next h.1 = tanh
      -    stack scan.1 = softmax
      +    stack scan.1 = tanh
      +  matmul: f32[time, batch, 5] = MatMul(scan.1, W)
      +  softmax: f32[time, batch, 5] = Softmax(matmul)
         output scan
      -  output scan.1
      +  output softmax
      "
    `);
  });

  test("keeps an elementwise operation whose operands would cost more to stack than its result", () => {
    expectUntouched(
      sink,
      graphOf((b, float) =>
        loop(b, [float("h", 2), float("k", 2)], [float("xs", "time", 2)], ({ add, mul, tanh }, [h, k], [x]) => [
          [tanh(add(h, x)), tanh(mul(k, x))],
          [mul(h, k)],
        ]),
      ),
      context,
    );
  });

  test("moves it when its operands are stacked anyway", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h", 2), float("k", 2)], [float("xs", "time", 2)], ({ add, mul, tanh }, [h, k], [x]) => [
        [tanh(add(h, x)), tanh(mul(k, x))],
        [mul(h, k), tanh(k), h],
      ]),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2], scan.3: f32[time, 2], scan.4: f32[time, 2] = Scan(length=time)
      +  scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2], scan.3: f32[time, 2] = Scan(length=time)
           state h.1: f32[2] = h
           state k.1: f32[2] = k
           slice xs.1: f32[2] = xs
           add: f32[2] = Add(h.1, xs.1)
           tanh: f32[2] = Tanh(add)
           mul: f32[2] = Mul(k.1, xs.1)
           tanh.1: f32[2] = Tanh(mul)
      -    mul.1: f32[2] = Mul(h.1, k.1)
      -    tanh.2: f32[2] = Tanh(k.1)
           next h.1 = tanh
           next k.1 = tanh.1
      -    stack scan.2 = mul.1
      -    stack scan.3 = tanh.2
      -    stack scan.4 = h.1
      +    stack scan.2 = h.1
      +    stack scan.3 = k.1
      +  mul.1: f32[time, 2] = Mul(scan.2, scan.3)
      +  tanh.2: f32[time, 2] = Tanh(scan.3)
         output scan
         output scan.1
      +  output mul.1
      +  output tanh.2
         output scan.2
      -  output scan.3
      -  output scan.4
      "
    `);
  });

  test("stacks values that the loop needs too, without recomputation", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h", 4)], [float("xs", "time", 2)], ({ concat, neg, split, add, tanh }, [h], [x]) => {
        const [first = x, second = x] = split(h, [2, 2], 0);
        return [[concat([add(first, x), tanh(first)], 0)], [neg(second), neg(first)]];
      }),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
         scan: f32[4], scan.1: f32[time, 2], scan.2: f32[time, 2] = Scan(length=time)
           state h.1: f32[4] = h
           slice xs.1: f32[2] = xs
           split: f32[2], split.1: f32[2] = Split(h.1, axis=0, sizes=[2, 2])
           add: f32[2] = Add(split, xs.1)
           tanh: f32[2] = Tanh(split)
           concat: f32[4] = Concat(add, tanh, axis=0)
      -    neg: f32[2] = Neg(split.1)
      -    neg.1: f32[2] = Neg(split)
           next h.1 = concat
      -    stack scan.1 = neg
      -    stack scan.2 = neg.1
      +    stack scan.1 = split
      +    stack scan.2 = split.1
      +  neg: f32[time, 2] = Neg(scan.2)
      +  neg.1: f32[time, 2] = Neg(scan.1)
         output scan
      -  output scan.1
      -  output scan.2
      +  output neg
      +  output neg.1
      "
    `);
  });

  test("keeps nodes without a batching rule", () => {
    expectUntouched(
      sink,
      graphOf((b, float, typed) =>
        loop(b, [float("h", 3)], [typed("int64")("ids", "time", 2)], ({ gather, tanh }, [h], [id]) => [
          [tanh(h)],
          [gather(h, id, 0)],
        ]),
      ),
      context,
    );
  });
});
