/** Reverse mode outside loops: shared, unused, equal and integer values, and refused losses. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../../compiler/ir/types.js";
import { dce } from "../../../compiler/optimize/canonicalize/dce.js";
import { expectGradientsOf, model } from "./model.js";

/** The evaluated gradient of a graph's first output. */
function gradientAt(graph: Graph, operands: readonly Tensor[], wrt: readonly number[]): readonly (readonly number[])[] {
  const results = evaluate(verify(differentiate(graph, 0, wrt), "differentiate"), operands);
  return results.slice(graph.outputs.length).map(({ data }) => [...data]);
}

const vector = (...data: readonly number[]): Tensor => tensor("float32", [data.length], data);

describe("differentiate", () => {
  test("adds up the cotangents of a value that is read several times", () => {
    expectGradientsOf(
      model("shared", (b, { float }) => {
        const x = float("x", "batch", 3);
        const y = b.tanh(x);
        return [b.add(b.mul(y, y), b.mul(b.sum(y, [1], true), x)), b.concat([x, y, x], 1)];
      }),
    );
  });

  test("has zeros for unread outputs of a split", () => {
    expectGradientsOf(
      model("parts", (b, { float }) => {
        const [, middle, last] = b.split(float("x", "batch", 5), [1, 2, 2], 1) as [Value, Value, Value];
        return [b.mul(middle, last), b.exp(last)];
      }),
    );
  });

  test("has zeros for inputs that the loss does not depend on", () => {
    const graph = model("apart", (b, { float }) => {
      const x = float("x", 2);
      float("unused", 3);
      const floored = float("floored", 2);
      return [b.sum(b.mul(x, b.floor(floored))), b.exp(floored)];
    });
    const operands = [vector(1, 2), vector(1, 2, 3), vector(2.5, -0.5)];
    expect(gradientAt(graph, operands, [0, 1, 2])).toEqual([
      [2, -1],
      [0, 0, 0],
      [0, 0],
    ]);
  });

  test("is one for an input that is the loss", () => {
    const graph = model("itself", (_, { float }) => [float("x")]);
    expect(gradientAt(graph, [tensor("float32", [], [3])], [0])).toEqual([[1]]);
  });

  test("keeps the outputs, and names the gradients", () => {
    const graph = model("names", (b, { float }) => {
      const w = float("rnn/0/W", 2);
      return [b.sum(b.exp(w)), b.withName(b.neg(w), "minus")];
    });
    const names = differentiate(graph, 0, [0]).outputs.map(({ name }) => name);
    expect(names).toEqual([undefined, "minus", "gradient/rnn/0/W"]);
  });

  test("does not pass through integers", () => {
    const graph = model("whole", (b, { float }) => {
      const x = float("x", 2);
      return [b.sum(b.mul(b.cast(b.cast(x, "int64"), "float32"), x))];
    });
    expect(gradientAt(graph, [vector(2.5, -1.5)], [0])).toEqual([[2, -1]]);
  });

  test("refuses a loss that is not a float scalar", () => {
    const graph = model("losses", (b, { float }) => [float("x", "batch"), b.scalar(1, "int64")]);
    expect(() => differentiate(graph, 0, [0])).toThrow("the loss is float32[batch], not a float32 scalar");
    expect(() => differentiate(graph, 1, [0])).toThrow("the loss is int64[], not a float32 scalar");
    const b = graphBuilder("operator");
    const float = (name: string, ...shape: readonly number[]) => b.input(name, { dtype: "float32", shape });
    const operands = [float("x", 4, 1, 2), float("W", 1, 3, 2), float("R", 1, 3, 3), float("B", 1, 6)];
    const plain = { hidden: 3, reverse: false, lengths: false, initial: false, activations: ["Tanh"] } as const;
    const [every] = b.apply("RNN", operands, plain);
    const inferring = b.finish([b.sum(every as Value)]);
    expect(() => differentiate(inferring, 0, [1])).toThrow("RNN has no gradient: it occurs in exported models only");
  });
});

describe("where a function is not differentiable", () => {
  const gradientOf = (build: Parameters<typeof model>[1], ...operands: readonly Tensor[]) =>
    gradientAt(
      model("corner", (b, inputs) => build(b, inputs).map((value) => b.sum(value))),
      operands,
      operands.map((_, position) => position),
    );

  test("relu and abs have derivative 0 at 0", () => {
    expect(gradientOf((b, { float }) => [b.relu(float("x", 3))], vector(-1, 0, 2))).toEqual([[0, 0, 1]]);
    expect(gradientOf((b, { float }) => [b.abs(float("x", 3))], vector(-1, 0, 2))).toEqual([[-1, 0, 1]]);
  });

  test("min and max give the cotangent of equal operands to the second one", () => {
    const operands = [vector(1, 2, 3), vector(2, 2, 2)];
    expect(gradientOf((b, { float }) => [b.min(float("x", 3), float("y", 3))], ...operands)).toEqual([
      [1, 0, 0],
      [0, 1, 1],
    ]);
    expect(gradientOf((b, { float }) => [b.max(float("x", 3), float("y", 3))], ...operands)).toEqual([
      [0, 0, 1],
      [1, 1, 0],
    ]);
  });

  test("equal largest entries share the cotangent of a maximum", () => {
    expect(gradientOf((b, { float }) => [b.reduceMax(float("x", 4))], vector(5, 1, 5, 2))).toEqual([[0.5, 0, 0.5, 0]]);
  });

  test("a power of a negative base has a derivative by its base", () => {
    expect(gradientOf((b, { float }) => [b.pow(float("x", 3), 3)], vector(-2, 0, 1))).toEqual([[12, 0, 3]]);
  });

  test("a branch that is not selected has a zero gradient", () => {
    const graph = gradientOf(
      (b, { float }) => {
        const x = float("x", 2);
        return [b.where(b.greater(x, 0), b.mul(x, 3), 0)];
      },
      vector(-1, 2),
    );
    expect(graph).toEqual([[0, 3]]);
  });
});

describe("second derivatives", () => {
  test("the gradient of a gradient", () => {
    const graph = model("norm", (b, { float }) => {
      const x = float("x", "batch", 2);
      const w = float("W", 2, 3);
      return [b.sum(b.logSoftmax(b.tanh(b.matmul(x, w))), undefined)];
    });
    expectGradientsOf(gradientsOnly(graph, [0, 1]));
  });

  test("the gradient of a gradient through a loop", () => {
    const graph = model("rnn", (b, { float }) => {
      const xs = float("xs", "time", 1, 2);
      const h0 = float("h0", 1, 2);
      const u = float("U", 2, 2);
      const { final } = scan(b, "step", { initial: [h0], scans: [xs] }, (inner, [h = h0], [x = xs]) => ({
        next: [inner.tanh(inner.add(x, inner.matmul(h, u)))],
        scanOutputs: [],
      }));
      return final.map((value) => b.sum(value));
    });
    expectGradientsOf(gradientsOnly(graph, [1, 2]));
  });

  /** The gradients as outputs, without the loss. */
  function gradientsOnly(graph: Graph, wrt: readonly number[]): Graph {
    const extended = differentiate(graph, 0, wrt);
    return { ...extended, name: `gradient of ${graph.name}`, outputs: extended.outputs.slice(1) };
  }
});

test("the backward loop scans the stored states in reverse", () => {
  const graph = model("linear", (b, { float }) => {
    const xs = float("xs", "time");
    const w = float("w");
    const zero = b.scalar(0);
    const { final } = scan(b, "step", { initial: [zero], scans: [xs] }, (inner, [h = zero], [x = xs]) => ({
      next: [inner.add(inner.mul(h, w), x)],
      scanOutputs: [],
    }));
    return final;
  });
  const context = { expected: new Map() };
  expect(printGraph(dce.run(differentiate(graph, 0, [1]), context))).toMatchInlineSnapshot(`
    "graph linear
      input xs: f32[time]
      input w: f32
      scan: f32, scan.1: f32[time] = Scan(length=time)
        state state.0: f32 = 0.0
        slice xs.1: f32 = xs
        capture w
        mul: f32 = Mul(state.0, w)
        add: f32 = Add(mul, xs.1)
        next state.0 = add
        stack scan.1 = state.0
      expand: f32 = Expand(0.0)
      scan.2: f32, gradient/w: f32 = Scan(length=time, reverse)
        state gradient/state.0: f32 = 1.0
        state gradient/w.1: f32 = expand
        slice state.0.1: f32 = scan.1
        capture w
        mul.1: f32 = Mul(gradient/state.0, w)
        mul.2: f32 = Mul(gradient/state.0, state.0.1)
        add.1: f32 = Add(gradient/w.1, mul.2)
        next gradient/state.0 = mul.1
        next gradient/w.1 = add.1
      output scan
      output gradient/w
    "
  `);
});
