/** Passes on nested loops. */
import { describe, expect, test } from "vitest";
import { hoist } from "../../../../compiler/optimize/loops/hoist.js";
import { sink } from "../../../../compiler/optimize/loops/sink.js";
import { changes, graphOf, loop, resultOf } from "../../../support/before-after.js";

const context = { expected: { time: 3, batch: 2 } };

describe("hoist", () => {
  test("hoists the inner loop's nodes to the outer loop, and then out of it", () => {
    const graph = graphOf((b, float) => {
      const [c, xs] = [float("c"), float("xs", "time", 2)];
      return loop(b, [float("h")], [xs], (outer, [p], [row]) => [
        loop(outer, [p], [row], ({ add, mul, tanh }, [q], [x]) => [[add(mul(q, p), tanh(mul(x, c)))], []]),
        [],
      ]);
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      +  mul: f32[time, 2] = Mul(xs, c)
      +  tanh: f32[time, 2] = Tanh(mul)
         scan: f32 = Scan(length=time)
           state h.1: f32 = h
      -    slice xs.1: f32[2] = xs
      -    capture c
      +    slice slice: f32[2] = tanh
           scan.1: f32 = Scan(length=2)
             state h.2: f32 = h.1
      -      slice xs.2: f32 = xs.1
      -      capture h.1, c
      -      mul: f32 = Mul(h.2, h.1)
      -      mul.1: f32 = Mul(xs.2, c)
      -      tanh: f32 = Tanh(mul.1)
      -      add: f32 = Add(mul, tanh)
      +      slice slice.1: f32 = slice
      +      capture h.1
      +      mul.1: f32 = Mul(h.2, h.1)
      +      add: f32 = Add(mul.1, slice.1)
             next h.2 = add
           next h.1 = scan.1
         output scan
      "
    `);
  });

  test("hoists an invariant inner loop, and keeps one that varies", () => {
    const graph = graphOf((b, float) => {
      const [start, ys] = [float("start"), float("ys", 4)];
      return loop(b, [float("h")], [float("xs", "time")], (outer, [p], [x]) => {
        const [state = p] = loop(outer, [start], [ys], ({ add }, [q], [y]) => [[add(q, y)], []]);
        const [varying = p] = loop(outer, [x], [ys], ({ mul }, [q], [y]) => [[mul(q, y)], []]);
        return [[outer.add(p, outer.mul(state, varying))], []];
      });
    });
    expect(resultOf(hoist, graph)).toMatchInlineSnapshot(`
      "
        scan: f32 = Scan(length=4)
          state start.1: f32 = start
          slice ys.1: f32 = ys
          add: f32 = Add(start.1, ys.1)
          next start.1 = add
        scan.1: f32 = Scan(length=time)
          state h.1: f32 = h
          slice xs.1: f32 = xs
          capture ys, scan
          scan.2: f32 = Scan(length=4)
            state xs.2: f32 = xs.1
            slice ys.2: f32 = ys
            mul: f32 = Mul(xs.2, ys.2)
            next xs.2 = mul
          mul.1: f32 = Mul(scan, scan.2)
          add.1: f32 = Add(h.1, mul.1)
          next h.1 = add.1
        output scan.1
      "
    `);
  });
});

describe("sink", () => {
  test("sinks sums of a nested loop", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h")], [float("xs", "time", 2)], (outer, [p], [row]) => [
        loop(outer, [p], [row], ({ add, mul }, [q], [x]) => [[add(q, mul(x, x))], []]),
        [],
      ]),
    );
    expect(changes(sink, graph, context)).toMatchInlineSnapshot(`
      "
      -  scan: f32 = Scan(length=time)
      -    state h.1: f32 = h
      -    slice xs.1: f32[2] = xs
      -    scan.1: f32 = Scan(length=2)
      -      state h.2: f32 = h.1
      -      slice xs.2: f32 = xs.1
      -      mul: f32 = Mul(xs.2, xs.2)
      -      add: f32 = Add(h.2, mul)
      -      next h.2 = add
      -    next h.1 = scan.1
      -  output scan
      +  mul: f32[time, 2] = Mul(xs, xs)
      +  reducesum: f32[time] = ReduceSum(mul, axes=[1])
      +  reducesum.1: f32 = ReduceSum(reducesum, axes=[0])
      +  add: f32 = Add(h, reducesum.1)
      +  output add
      "
    `);
  });
});
