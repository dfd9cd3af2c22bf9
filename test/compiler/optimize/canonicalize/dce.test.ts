/** Dead code elimination. */
import { describe, expect, test } from "vitest";
import { dce } from "../../../../compiler/optimize/canonicalize/dce.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

describe("dce", () => {
  test("removes dead nodes, and keeps inputs", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", 2), float("y", 2)];
      b.tanh(b.mul(x, y));
      const [first = x] = b.split(x, [1, 1], 0);
      return [b.neg(first)];
    });
    expect(resultOf(dce, graph)).toMatchInlineSnapshot(`
      "
        split: f32[1], split.1: f32[1] = Split(x, axis=0, sizes=[1, 1])
        neg: f32[1] = Neg(split)
        output neg
      "
    `);
  });

  test("removes dead states, scanned inputs, captures and outputs of a loop", () => {
    const graph = graphOf((b, float) => {
      const [h, k, xs, ys, u] = [float("h"), float("k"), float("xs", "time"), float("ys", "time"), float("u")];
      const results = loop(b, [h, k], [xs, ys], (inner, [p, q], [x, y]) => [
        [inner.add(p, x), inner.mul(q, u)],
        [inner.mul(p, x), inner.add(q, y)],
      ]);
      return results.slice(0, 1);
    });
    expect(resultOf(dce, graph)).toMatchInlineSnapshot(`
      "
        scan: f32 = Scan(length=time)
          state h.1: f32 = h
          slice xs.1: f32 = xs
          add: f32 = Add(h.1, xs.1)
          next h.1 = add
        output scan
      "
    `);
  });

  test("keeps a state that another state depends on", () => {
    expectUntouched(
      dce,
      graphOf((b, float) => {
        const [h, k, l, xs] = [float("h"), float("k"), float("l"), float("xs", "time")];
        const results = loop(b, [h, k, l], [xs], (inner, [p, q, r], [x]) => [
          [inner.add(p, q), inner.mul(q, r), inner.tanh(inner.add(r, x))],
          [],
        ]);
        return results.slice(0, 1);
      }),
    );
  });

  test("removes states that only depend on each other", () => {
    const graph = graphOf((b, float) => {
      const [h, k, l, xs] = [float("h"), float("k"), float("l"), float("xs", "time")];
      const results = loop(b, [h, k, l], [xs], (inner, [p, q, r], [x]) => [[inner.add(p, x), r, inner.mul(q, x)], []]);
      return results.slice(0, 1);
    });
    expect(resultOf(dce, graph)).toMatchInlineSnapshot(`
      "
        scan: f32 = Scan(length=time)
          state h.1: f32 = h
          slice xs.1: f32 = xs
          add: f32 = Add(h.1, xs.1)
          next h.1 = add
        output scan
      "
    `);
  });

  test("keeps one scanned input of a loop, which determines its length", () => {
    const graph = graphOf((b, float) => {
      const results = loop(b, [float("h")], [float("xs", "time"), float("ys", "time")], (inner, [p], [x, y]) => [
        [inner.mul(p, 2)],
        [x, y],
      ]);
      return results.slice(0, 1);
    });
    expect(resultOf(dce, graph)).toMatchInlineSnapshot(`
      "
        scan: f32 = Scan(length=time)
          state h.1: f32 = h
          slice xs.1: f32 = xs
          mul: f32 = Mul(h.1, 2.0)
          next h.1 = mul
        output scan
      "
    `);
  });

  test("removes dead loops, and dead values of nested loops", () => {
    const graph = graphOf((b, float) => {
      const [h, xs, u] = [float("h"), float("xs", "time", 4), float("u")];
      loop(b, [h], [float("ys", "time")], (inner, [p]) => [[inner.tanh(p)], []]);
      return loop(b, [h], [xs], (inner, [p], [x]) => {
        const [last = p] = loop(inner, [p, p], [x], (innermost, [q, r], [y]) => [
          [innermost.add(q, y), innermost.mul(r, u)],
          [innermost.neg(q)],
        ]);
        return [[last], []];
      });
    });
    expect(resultOf(dce, graph)).toMatchInlineSnapshot(`
      "
        scan: f32 = Scan(length=time)
          state h.1: f32 = h
          slice xs.1: f32[4] = xs
          scan.1: f32 = Scan(length=4)
            state h.2: f32 = h.1
            slice xs.2: f32 = xs.1
            add: f32 = Add(h.2, xs.2)
            next h.2 = add
          next h.1 = scan.1
        output scan
      "
    `);
  });

  test("keeps outputs that are inputs, or occur twice", () => {
    expectUntouched(
      dce,
      graphOf((b, float) => {
        const x = float("x", 2);
        const y = b.tanh(x);
        return [x, y, y, x];
      }),
    );
  });
});
