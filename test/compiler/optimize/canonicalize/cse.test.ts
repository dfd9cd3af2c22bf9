/** Common subexpression elimination. */
import { describe, expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { cse } from "../../../../compiler/optimize/canonicalize/cse.js";
import { changes, expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

describe("cse", () => {
  test("computes equal operations once", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", 2), float("y", 2)];
      return [b.add(b.tanh(b.mul(x, y)), b.tanh(b.mul(x, y)))];
    });
    expect(changes(cse, graph)).toMatchInlineSnapshot(`
      "
         mul: f32[2] = Mul(x, y)
         tanh: f32[2] = Tanh(mul)
      -  mul.1: f32[2] = Mul(x, y)
      -  tanh.1: f32[2] = Tanh(mul.1)
      -  add: f32[2] = Add(tanh, tanh.1)
      +  add: f32[2] = Add(tanh, tanh)
         output add
      "
    `);
  });

  test("ignores the order of operands of commutative operations", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", 2), float("y", 2)];
      return [b.mul(x, y), b.mul(y, x), b.add(x, y), b.add(y, x), b.sub(x, y), b.sub(y, x)];
    });
    expect(resultOf(cse, graph)).toMatchInlineSnapshot(`
      "
        mul: f32[2] = Mul(x, y)
        add: f32[2] = Add(x, y)
        sub: f32[2] = Sub(x, y)
        sub.1: f32[2] = Sub(y, x)
        output mul
        output mul
        output add
        output add
        output sub
        output sub.1
      "
    `);
  });

  test("compares constants by dtype, shape and elements", () => {
    const graph = graphOf((b) => [
      b.constant(tensor("float32", [2], [1, 0])),
      b.constant(tensor("float32", [2], [1, 0])),
      b.constant(tensor("int64", [2], [1, 0])),
      b.constant(tensor("float32", [1, 2], [1, 0])),
      b.constant(tensor("float32", [2], [1, -0])),
      b.constant(tensor("float32", [2], [1, Number.NaN])),
      b.constant(tensor("float32", [2], [1, Number.NaN])),
    ]);
    const text = (subgraph: typeof graph) => subgraph.outputs.map((output) => subgraph.outputs.indexOf(output));
    expect(text(cse.run(graph, { expected: new Map() }))).toEqual([0, 0, 2, 3, 4, 5, 5]);
  });

  test("distinguishes operations by their attributes", () => {
    expectUntouched(
      cse,
      graphOf((b, float) => {
        const x = float("x", 2, 2);
        return [b.sum(x, [0]), b.sum(x, [1]), b.sum(x, [0], true), b.transpose(x, [0, 1]), b.transpose(x, [1, 0])];
      }),
    );
  });

  test("merges operations with several outputs", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 4);
      const splitRow = () => b.split(x, [1, 3], 0);
      return [...splitRow(), ...splitRow()];
    });
    expect(resultOf(cse, graph)).toMatchInlineSnapshot(`
      "
        split: f32[1], split.1: f32[3] = Split(x, axis=0, sizes=[1, 3])
        output split
        output split.1
        output split
        output split.1
      "
    `);
  });

  test("treats each loop body separately, and does not merge loops", () => {
    const graph = graphOf((b, float) => {
      const [h, xs] = [float("h", 2), float("xs", "time", 2)];
      const run = () =>
        loop(b, [h], [xs], (inner, [state], [x]) => [
          [inner.add(inner.tanh(inner.add(state, x)), inner.tanh(inner.add(x, state)))],
          [],
        ]);
      return [b.tanh(h), ...run(), ...run()];
    });
    expect(resultOf(cse, graph)).toMatchInlineSnapshot(`
      "
        tanh: f32[2] = Tanh(h)
        scan: f32[2] = Scan(length=time)
          state h.1: f32[2] = h
          slice xs.1: f32[2] = xs
          add: f32[2] = Add(h.1, xs.1)
          tanh.1: f32[2] = Tanh(add)
          add.1: f32[2] = Add(tanh.1, tanh.1)
          next h.1 = add.1
        scan.1: f32[2] = Scan(length=time)
          state h.2: f32[2] = h
          slice xs.2: f32[2] = xs
          add.2: f32[2] = Add(h.2, xs.2)
          tanh.2: f32[2] = Tanh(add.2)
          add.3: f32[2] = Add(tanh.2, tanh.2)
          next h.2 = add.3
        output tanh
        output scan
        output scan.1
      "
    `);
  });
});
