/** Loops: states and slices of each step, positions of scan outputs, and capture of outer values. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { loop } from "../../../compiler/graph/loop.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Type } from "../../../compiler/ir/types.js";

const float = (...shape: Type["shape"]): Type => ({ dtype: "float32", shape });
const vector = (...data: readonly number[]): Tensor => tensor("float32", [data.length], data);
const number = (value: number): Tensor => tensor("float32", [], [value]);

/** s' = d * s + x over xs [time], with s' and s as scan outputs. */
function decayingSum(reverse: boolean): Graph {
  const b = graphBuilder("decaying sum");
  const xs = b.input("xs", float("time"));
  const start = b.input("s", float());
  const decay = b.input("d", float());
  const { final, scanOutputs: stacked } = scan(
    b,
    "step",
    { initial: [start], scans: [xs], reverse },
    (inner, [s = start], [x = xs]) => {
      const next = inner.add(inner.mul(decay, s), x);
      return { next: [next], scanOutputs: [next, s] };
    },
  );
  return verify(b.finish([...final, ...stacked]), "test");
}

/** The same over four steps, checkpointed or unrolled. */
function inForm(reverse: boolean, variant: { readonly unroll: boolean; readonly checkpointed: boolean }): Graph {
  const b = graphBuilder("decaying sum");
  const [xs, start, decay] = [b.input("xs", float(STEPS)), b.input("s", float()), b.input("d", float())];
  const { final, scanOutputs: stacked } = loop(
    b,
    "step",
    { initial: [start], scans: [xs], reverse, ...variant },
    (inner, states, slices) => {
      const [s, x] = [at(states, 0), at(slices, 0)];
      const next = inner.add(inner.mul(decay, s), x);
      return { next: [next], scanOutputs: [next, s] };
    },
  );
  return verify(b.finish([...final, ...stacked]), "test");
}
const STEPS = 17;

const numbers = (results: readonly Tensor[]) => results.map(({ data }) => [...data]);

describe("scan", () => {
  test.each([
    ["unrolled", { unroll: true, checkpointed: false }],
    ["unrolled, backwards", { unroll: true, checkpointed: false }, true],
    ["checkpointed", { unroll: false, checkpointed: true }],
    ["checkpointed, backwards", { unroll: false, checkpointed: true }, true],
  ])("steps %s say the same", (_, variant, reverse = false) => {
    const operands = [vector(...Array.from({ length: STEPS }, (_, step) => step - 8)), number(8), number(0.5)];
    const actual = numbers(evaluate(inForm(reverse, variant), operands));
    expect(actual).toEqual(numbers(evaluate(inForm(reverse, { unroll: false, checkpointed: false }), operands)));
  });

  test("carries states from the first step to the last", () => {
    const results = evaluate(decayingSum(false), [vector(1, 2, 3), number(8), number(0.5)]);
    expect(numbers(results)).toEqual([[5.25], [5, 4.5, 5.25], [8, 5, 4.5]]);
  });

  test("in reverse, carries states from the last step to the first and keeps scan outputs at their slices", () => {
    const results = evaluate(decayingSum(true), [vector(1, 2, 3), number(8), number(0.5)]);
    expect(numbers(results)).toEqual([[3.75], [3.75, 5.5, 7], [5.5, 7, 8]]);
  });

  test("of no steps returns the initial states and empty scan outputs", () => {
    const results = evaluate(decayingSum(false), [vector(), number(8), number(0.5)]);
    expect(numbers(results)).toEqual([[8], [], []]);
    expect(results.map(({ shape }) => shape)).toEqual([[], [0], [0]]);
  });

  test("gives the inputs of the body their outer names, and captures values that are not scanned", () => {
    const [node] = decayingSum(false).nodes;
    if (node?.op !== "Scan") throw new Error("the graph is one loop");
    const { body, stateCount: states, scanCount: scans, length } = node.attributes;
    expect(body.name).toBe("step");
    expect(body.inputs.map(({ name }) => name)).toEqual(["s", "xs", "d"]);
    expect([states, scans, length]).toEqual([1, 1, "time"]);
    expect(node.inputs.map(({ name }) => name)).toEqual(["s", "xs", "d"]);
  });

  test("has next states that are captures, slices, or unchanged", () => {
    const b = graphBuilder("hand over");
    const xs = b.input("xs", float("time"));
    const c = b.input("c", float());
    const zero = b.scalar(0);
    const { final } = scan(
      b,
      "step",
      { initial: [zero, zero, zero, c], scans: [xs] },
      (_, [p = zero, , , q = zero], [x = xs]) => ({
        next: [x, c, p, q],
        scanOutputs: [],
      }),
    );
    const graph = verify(b.finish(final), "test");
    // The last slice, the captured value, the slice before the last, the first value of the state.
    expect(numbers(evaluate(graph, [vector(1, 2, 3), number(9)]))).toEqual([[3], [9], [2], [9]]);
  });

  test("may have no states", () => {
    const b = graphBuilder("map");
    const xs = b.input("xs", float("time", 2));
    const { final, scanOutputs: stacked } = scan(b, "step", { initial: [], scans: [xs] }, (inner, _, [x = xs]) => ({
      next: [],
      scanOutputs: [inner.sum(x)],
    }));
    expect(final).toEqual([]);
    const graph = verify(b.finish(stacked), "test");
    expect(numbers(evaluate(graph, [tensor("float32", [2, 2], [1, 2, 3, 4])]))).toEqual([[3, 7]]);
  });

  test("captures a value through two loops", () => {
    const b = graphBuilder("nested");
    const xs = b.input("xs", float("time", 3));
    const c = b.input("c", float());
    const zero = b.scalar(0);
    // For each row: the sum of c * entry, added to the row's number in order.
    const outer = scan(b, "rows", { initial: [zero], scans: [xs] }, (row, [n = zero], [x = xs]) => {
      const inner = scan(row, "entries", { initial: [n], scans: [x] }, (entry, [s = n], [v = x]) => ({
        next: [entry.add(s, entry.mul(v, c))],
        scanOutputs: [],
      }));
      return { next: [row.add(n, 1)], scanOutputs: [at(inner.final, 0)] };
    });
    const graph = verify(b.finish(outer.scanOutputs), "test");
    const results = evaluate(graph, [tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]), number(10)]);
    expect(numbers(results)).toEqual([[60, 151]]);
  });

  test("refuses a loop without a scanned input", () => {
    const b = graphBuilder("graph");
    expect(() => scan(b, "step", { initial: [], scans: [] }, () => ({ next: [], scanOutputs: [] }))).toThrow(
      "step has no scanned input, from which a loop takes its length",
    );
  });

  test("refuses scanned inputs of different lengths", () => {
    const b = graphBuilder("graph");
    const xs = b.input("xs", float("time"));
    const ys = b.input("ys", float("batch"));
    const build = () =>
      scan(b, "step", { initial: [], scans: [xs, ys] }, (_, __, [x = xs]) => ({ next: [], scanOutputs: [x] }));
    expect(build).toThrow("Scan(xs[time], ys[batch]): scanned input 1 has leading axis batch, the loop time");
  });

  test("refuses a next state of another shape", () => {
    const b = graphBuilder("graph");
    const xs = b.input("xs", float("time", 2));
    const h = b.input("h", float(3));
    const build = () =>
      scan(b, "step", { initial: [h], scans: [xs] }, (_, __, [x = xs]) => ({ next: [x], scanOutputs: [] }));
    expect(build).toThrow("Scan(h[3], xs[time, 2]): next state 0 is float32[2], but the body has float32[3]");
  });
});
