/** Sinking of accumulators: their terms are stacked, or outside already, and summed after the loop. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { sink } from "../../../../compiler/optimize/loops/sink.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

const context = { expected: { time: 3, batch: 2 } };

describe("sink", () => {
  test("sums slices, captures, scalars, broadcast terms and integers", () => {
    const graph = graphOf((b, float, typed) => {
      const c = float("c");
      return loop(
        b,
        [float("p", 2), float("q", 2), float("r", 2), float("s", 2), typed("int64")("n")],
        [float("xs", "time", 2), float("ys", "time", 1)],
        ({ add }, [p, q, r, s, n], [x, y]) => [[add(p, x), add(c, q), add(r, 0.5), add(s, y), add(n, 1)], []],
      );
    });
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[2], scan.1: f32[2], scan.2: f32[2], scan.3: f32[2], scan.4: i64 = Scan(length=time)
      -    state p.1: f32[2] = p
      -    state q.1: f32[2] = q
      -    state r.1: f32[2] = r
      -    state s.1: f32[2] = s
      -    state n.1: i64 = n
      -    slice xs.1: f32[2] = xs
      -    slice ys.1: f32[1] = ys
      -    capture c
      -    add: f32[2] = Add(p.1, xs.1)
      -    add.1: f32[2] = Add(c, q.1)
      -    add.2: f32[2] = Add(r.1, 0.5)
      -    add.3: f32[2] = Add(s.1, ys.1)
      -    add.4: i64 = Add(n.1, 1)
      -    next p.1 = add
      -    next q.1 = add.1
      -    next r.1 = add.2
      -    next s.1 = add.3
      -    next n.1 = add.4
      -  output scan
      -  output scan.1
      -  output scan.2
      -  output scan.3
      -  output scan.4
      +  reducesum: f32[2] = ReduceSum(xs, axes=[0])
      +  add: f32[2] = Add(p, reducesum)
      +  unsqueeze: f32[1] = Unsqueeze(c, axes=[0])
      +  expand: f32[time] = Expand(unsqueeze)
      +  reducesum.1: f32 = ReduceSum(expand, axes=[0])
      +  add.1: f32[2] = Add(q, reducesum.1)
      +  unsqueeze.1: f32[1] = Unsqueeze(0.5, axes=[0])
      +  expand.1: f32[time] = Expand(unsqueeze.1)
      +  reducesum.2: f32 = ReduceSum(expand.1, axes=[0])
      +  add.2: f32[2] = Add(r, reducesum.2)
      +  reducesum.3: f32[1] = ReduceSum(ys, axes=[0])
      +  add.3: f32[2] = Add(s, reducesum.3)
      +  unsqueeze.2: i64[1] = Unsqueeze(1, axes=[0])
      +  expand.2: i64[time] = Expand(unsqueeze.2)
      +  reducesum.4: i64 = ReduceSum(expand.2, axes=[0])
      +  add.4: i64 = Add(n, reducesum.4)
      +  output add
      +  output add.1
      +  output add.2
      +  output add.3
      +  output add.4
      "
    `);
  });

  test("sums another state, which stays in the loop", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h"), float("total")], [float("xs", "time")], ({ add, mul }, [h, total], [x]) => [
        [mul(h, x), add(total, h)],
        [],
      ]),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32, scan.1: f32 = Scan(length=time)
      +  scan: f32, scan.1: f32[time] = Scan(length=time)
           state h.1: f32 = h
      -    state total.1: f32 = total
           slice xs.1: f32 = xs
           mul: f32 = Mul(h.1, xs.1)
      -    add: f32 = Add(total.1, h.1)
           next h.1 = mul
      -    next total.1 = add
      +    stack scan.1 = h.1
      +  reducesum: f32 = ReduceSum(scan.1, axes=[0])
      +  add: f32 = Add(total, reducesum)
         output scan
      -  output scan.1
      +  output add
      "
    `);
  });

  test("keeps a sum that the body or an output reads, before or after the addition", () => {
    const summing = (
      step: (b: Builder, read: Value, x: Value, h: Value) => readonly [next: Value, ...stacked: Value[]],
    ) =>
      ["before", "after"].map((when) =>
        graphOf((b, float) =>
          loop(b, [float("h"), float("total")], [float("xs", "time")], (inner, [h, total], [x]) => {
            const sum = inner.add(total, x);
            const [next, ...stacked] = step(inner, when === "before" ? total : sum, x, h);
            return [[next, sum], stacked];
          }),
        ),
      );
    for (const graph of summing(({ mul }, read, x) => [mul(read, x)])) expectUntouched(sink, graph, context);
    for (const graph of summing(({ mul }, read, x, h) => [mul(h, x), read])) expectUntouched(sink, graph, context);
  });

  test("keeps a sum that is the next value of two states, a state added to itself, and states that feed each other", () => {
    expectUntouched(
      sink,
      graphOf((b, float) =>
        loop(
          b,
          [float("p"), float("q"), float("r"), float("s"), float("t")],
          [float("xs", "time")],
          (inner, states, [x]) => {
            const [p, , r, s, t] = states;
            const next = inner.add(p, x);
            return [[next, next, inner.add(r, r), inner.add(s, t), inner.add(t, s)], []];
          },
        ),
      ),
      context,
    );
  });

  test("sums over the batch after the loop", () => {
    const graph = graphOf((b, float) =>
      loop(
        b,
        [float("g", "batch", 2), float("db", 2)],
        [float("xs", "time", "batch", 2)],
        ({ add, mul, sum }, [g, total], [x]) => {
          const d = mul(g, x);
          return [[d, add(total, sum(d, [0]))], []];
        },
        true,
      ),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[batch, 2], scan.1: f32[2] = Scan(length=time, reverse)
      +  scan: f32[batch, 2], scan.1: f32[time, batch, 2] = Scan(length=time, reverse)
           state g.1: f32[batch, 2] = g
      -    state db.1: f32[2] = db
           slice xs.1: f32[batch, 2] = xs
           mul: f32[batch, 2] = Mul(g.1, xs.1)
      -    reducesum: f32[2] = ReduceSum(mul, axes=[0])
      -    add: f32[2] = Add(db.1, reducesum)
           next g.1 = mul
      -    next db.1 = add
      +    stack scan.1 = mul
      +  reducesum: f32[time, 2] = ReduceSum(scan.1, axes=[1])
      +  reducesum.1: f32[2] = ReduceSum(reducesum, axes=[0])
      +  add: f32[2] = Add(db, reducesum.1)
         output scan
      -  output scan.1
      +  output add
      "
    `);
  });

  test("removes a loop that only sums", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("total", 2)], [float("xs", "time", 2)], ({ add, tanh }, [total], [x]) => [
        [add(tanh(x), total)],
        [],
      ]),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32[2] = Scan(length=time)
      -    state total.1: f32[2] = total
      -    slice xs.1: f32[2] = xs
      -    tanh: f32[2] = Tanh(xs.1)
      -    add: f32[2] = Add(tanh, total.1)
      -    next total.1 = add
      -  output scan
      +  tanh: f32[time, 2] = Tanh(xs)
      +  reducesum: f32[2] = ReduceSum(tanh, axes=[0])
      +  add: f32[2] = Add(total, reducesum)
      +  output add
      "
    `);
  });

  test("accumulates products of long stacks with many rows in the loop, without stacking their factors", () => {
    const graph = graphOf((b, float) =>
      loop(
        b,
        [float("h", "batch", 64), float("sum", 64, 64)],
        [float("x", "time", "batch", 64)],
        ({ add, mul, matmul, transpose }, [h, sum], [x]) => {
          const next = mul(h, x);
          return [[next, add(sum, matmul(transpose(h, [1, 0]), next))], []];
        },
      ),
    );
    expectUntouched(sink, graph, { expected: { time: 64, batch: 512 } });
    for (const expected of [{ time: 4, batch: 512 }, { time: 5000, batch: 32 }, {}])
      expect(changes(sink, graph, { expected })).toContain("+  reducesum: f32[64, 64] = ReduceSum(matmul, axes=[0])");
  });
});
