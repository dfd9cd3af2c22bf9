/** The builder: inferred types, shared constants, permanent names, and capture of foreign values. */
import { describe, expect, test } from "vitest";
import { bodyBuilder, graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Type } from "../../../compiler/ir/types.js";

const float = (...shape: Type["shape"]): Type => ({ dtype: "float32", shape });

describe("graphBuilder", () => {
  test("infers types at once, and keeps nodes in order", () => {
    const b = graphBuilder("dense");
    const x = b.input("x", float("batch", 3));
    const w = b.input("W", float(3, 4));
    const y = b.tanh(b.matmul(x, w));
    expect(y).toEqual({ name: undefined, type: float("batch", 4) });
    expect(b.nodes.map(({ op }) => op)).toEqual(["MatMul", "Tanh"]);
    expect(b.finish([y])).toEqual({ name: "dense", inputs: [x, w], nodes: b.nodes, outputs: [y] });
  });

  test("normalizes negative axes, and reduces over all axes by default", () => {
    const b = graphBuilder("axes");
    const x = b.input("x", float(2, 3, 4));
    b.sum(x, [-1], true);
    b.mean(x);
    b.squeeze(b.sum(x, [0, -2], true), [-2]);
    b.concat([x, x], -1);
    expect(b.nodes.map(({ op, attributes }) => [op, attributes])).toEqual([
      ["ReduceSum", { axes: [2], keep: true }],
      ["ReduceMean", { axes: [0, 1, 2], keep: false }],
      ["ReduceSum", { axes: [0, 1], keep: true }],
      ["Squeeze", { axes: [1] }],
      ["Concat", { axis: 2 }],
    ]);
  });

  test("converts numbers to constants of the other operand's dtype", () => {
    const b = graphBuilder("numbers");
    const ids = b.input("ids", { dtype: "int64", shape: [3] });
    const x = b.input("x", float(3));
    expect(b.add(ids, 1).type.dtype).toBe("int64");
    expect(b.sub(1, x).type.dtype).toBe("float32");
    expect(b.where(b.equal(ids, 0), 0, ids).type.dtype).toBe("int64");
    expect(b.add(1, 2).type).toEqual(float());
  });

  test("creates one constant per number and dtype, and distinguishes 0 and -0", () => {
    const b = graphBuilder("constants");
    expect(b.scalar(0.5)).toBe(b.scalar(0.5));
    expect(b.scalar(1)).not.toBe(b.scalar(1, "int64"));
    expect(b.scalar(0)).not.toBe(b.scalar(-0));
    expect(b.nodes).toHaveLength(5);
  });

  test("adds no node for a cast to the same dtype", () => {
    const b = graphBuilder("cast");
    const x = b.input("x", float(2));
    expect(b.cast(x, "float32")).toBe(x);
    expect(b.nodes).toEqual([]);
  });

  test("keeps the first name of a value", () => {
    const b = graphBuilder("names");
    const y = b.neg(b.input("x", float()));
    expect(b.withName(y, "first")).toBe(y);
    b.withName(y, "second");
    expect(y.name).toBe("first");
  });

  test("refuses a value of another graph", () => {
    const otherBuilder = graphBuilder("other");
    const x = otherBuilder.input("x", float());
    const b = graphBuilder("graph");
    expect(() => b.neg(x)).toThrow("graph uses x that is not its own");
    expect(() => b.cast(x, "float32")).toThrow("graph uses x that is not its own");
    expect(() => b.finish([otherBuilder.neg(x)])).toThrow("graph uses a value that is not its own");
  });
});

describe("bodyBuilder", () => {
  const outer = graphBuilder("outer");
  const w = outer.input("W", float(2, 2));
  const xs = outer.input("xs", float("time", 2));
  const bias = outer.input("b", float(2));

  test("captures each outer value once, as its trailing inputs", () => {
    const b = bodyBuilder("body");
    const h = b.input("h", float(2, 2));
    const body = b.finish([b.add(b.matmul(b.matmul(h, w), w), bias)]);
    expect(b.captured).toEqual([w, bias]);
    expect(b.scanned).toEqual([]);
    expect(body.inputs).toEqual([h, { name: "W", type: w.type }, { name: "b", type: bias.type }]);
    expect(body.inputs).not.toContain(w);
  });

  test("captures once an outer value with several foreign values", () => {
    const b = bodyBuilder("body", () => ({ capture: w }));
    const inner = graphBuilder("inner");
    const copies = [inner.input("p", float(2, 2)), inner.input("q", float(2, 2))];
    const body = b.finish([b.concat(copies, 0)]);
    expect([b.captured, body.inputs]).toEqual([[w], [{ name: "W", type: w.type }]]);
  });

  test("captures an outer value that is only an output", () => {
    const b = bodyBuilder("body");
    const body = b.finish([w]);
    expect(b.captured).toEqual([w]);
    expect(body.outputs).toEqual(body.inputs);
  });

  test("resolves foreign values to slices, captures or its own values", () => {
    const inner = graphBuilder("inner");
    const slice = inner.input("x", float(2));
    const capture = inner.input("U", float(2, 2));
    const half = inner.scalar(0.5);
    const b = bodyBuilder("body", (value) => {
      if (value === slice) return { slice: xs };
      if (value === capture) return { capture: w };
      return { own: b.scalar(0.5) };
    });
    const h = b.input("h", float(1, 2));
    const body = b.finish([b.mul(b.add(b.matmul(h, capture), slice), half), b.neg(slice)]);
    expect([b.scanned, b.captured]).toEqual([[xs], [w]]);
    // Inputs, then slices, then captures.
    expect(body.inputs.map(({ name, type }) => [name, type.shape])).toEqual([
      ["h", [1, 2]],
      ["x", [2]],
      ["W", [2, 2]],
    ]);
    const results = evaluate(body, [
      tensor("float32", [1, 2], [1, 2]),
      tensor("float32", [2], [10, 20]),
      tensor("float32", [2, 2], [1, 0, 0, 2]),
    ]);
    expect(results.map(({ data }) => [...data])).toEqual([
      [5.5, 12],
      [-10, -20],
    ]);
  });
});
