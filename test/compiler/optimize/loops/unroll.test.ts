/** Unrolling of loops: all of static length, and those of a few small steps. */
import { describe, expect, test } from "vitest";
import { hasSmallLoop, unroll, unrollSmallLoops } from "../../../../compiler/optimize/loops/unroll.js";
import { cuda } from "../../../../compiler/optimize/target/index.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

test("each step reads its slice, and scan outputs are concatenated", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", 2)], [float("x", 2, 2)], (inner, [h], [x]) => {
      const next = inner.add(h, x);
      return [[next], [next]];
    }),
  );
  expect(changes(unroll, graph)).toMatchInlineSnapshot(`
    "
    -  scan: f32[2], scan.1: f32[2, 2] = Scan(length=2)
    -    state h.1: f32[2] = h
    -    slice x.1: f32[2] = x
    -    add: f32[2] = Add(h.1, x.1)
    -    next h.1 = add
    -    stack scan.1 = add
    -  output scan
    -  output scan.1
    +  gather: f32[2] = Gather(x, 0, axis=0)
    +  add: f32[2] = Add(h, gather)
    +  gather.1: f32[2] = Gather(x, 1, axis=0)
    +  add.1: f32[2] = Add(add, gather.1)
    +  concat: f32[4] = Concat(add, add.1, axis=0)
    +  reshape: f32[2, 2] = Reshape(concat)
    +  output add.1
    +  output reshape
    "
  `);
});

test.each([
  [6, 1, 0],
  // 2 groups of 25 steps.
  [50, 3, 0],
  // A prime number of steps has no equal groups.
  [37, 0, 37],
])("where kernels have many results, %i steps are read by %i splits and %i slices", (length, splits, gathers) => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", 2)], [float("x", length, 2)], (inner, [h], [x]) => [[inner.add(h, x)], []]),
  );
  const text = changes(unroll, graph, { target: cuda });
  expect(text.match(/= Split\(/g) ?? []).toHaveLength(splits);
  expect(text.match(/= Gather\(/g) ?? []).toHaveLength(gathers);
});

test("a later loop reads the values of an earlier one directly, also in reverse", () => {
  const graph = graphOf((b, float) => {
    const [, stack] = loop(b, [float("h", 2)], [float("x", 2, 2)], (inner, [h], [x]) => [[x], [inner.mul(h, x)]]);
    if (stack === undefined) throw new Error("nothing is stacked");
    return loop(b, [float("g", 2)], [stack], (inner, [g], [y]) => [[inner.sub(g, y)], []], true);
  });
  const text = changes(unroll, graph);
  expect(text.match(/^\+.*Gather/gm)).toHaveLength(2);
  expect(text.indexOf("Sub(g, mul.1)")).toBeLessThan(text.indexOf(", mul)"));
});

test("unrolls nested loops", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", 2)], [float("x", 2, 3, 2)], (inner, [h], [x]) => {
      const [final] = loop(inner, [h], [x], (innermost, [s], [y]) => [[innermost.add(s, y)], []]);
      return [final === undefined ? [] : [final], []];
    }),
  );
  const text = changes(unroll, graph);
  expect(text.match(/^\+.*Add/gm)).toHaveLength(6);
  expect(text).not.toMatch(/^\+.*Scan/m);
});

test("keeps a loop of symbolic length", () => {
  expectUntouched(
    unroll,
    graphOf((b, float) =>
      loop(b, [float("h", 2)], [float("x", "time", 2)], (inner, [h], [x]) => [[inner.add(h, x)], []]),
    ),
  );
});

describe("of a few small steps", () => {
  const running = (steps: number | string, width: number) =>
    graphOf((b, float) =>
      loop(b, [float("h", "batch", width)], [float("x", steps, "batch", width)], (inner, [h], [x]) => {
        const next = inner.tanh(inner.add(h, x));
        return [[next], [next]];
      }),
    );
  const rows = { batch: 2 };
  const expecting = (expected: Readonly<Record<string, number>>) => ({ expected });
  const contextOf = (expected: Readonly<Record<string, number>>) => ({ expected: new Map(Object.entries(expected)) });

  test("one node has the slices of all steps, for any number of rows", () => {
    expect(changes(unrollSmallLoops, running(2, 2), expecting(rows))).toMatchInlineSnapshot(`
      "
      -  scan: f32[batch, 2], scan.1: f32[2, batch, 2] = Scan(length=2)
      -    state h.1: f32[batch, 2] = h
      -    slice x.1: f32[batch, 2] = x
      -    add: f32[batch, 2] = Add(h.1, x.1)
      -    tanh: f32[batch, 2] = Tanh(add)
      -    next h.1 = tanh
      -    stack scan.1 = tanh
      -  output scan
      -  output scan.1
      +  reshape: f32[2*batch, 2] = Reshape(x)
      +  split: f32[batch, 2], split.1: f32[batch, 2] = Split(reshape, axis=0, sizes=[batch, batch])
      +  add: f32[batch, 2] = Add(h, split)
      +  tanh: f32[batch, 2] = Tanh(add)
      +  add.1: f32[batch, 2] = Add(tanh, split.1)
      +  tanh.1: f32[batch, 2] = Tanh(add.1)
      +  concat: f32[2*batch, 2] = Concat(tanh, tanh.1, axis=0)
      +  reshape.1: f32[2, batch, 2] = Reshape(concat)
      +  output tanh.1
      +  output reshape.1
      "
    `);
  });

  test("other loops stay: many steps, wide values, and numbers of steps or rows that are not known", () => {
    expectUntouched(unrollSmallLoops, running(100, 2), expecting(rows));
    expectUntouched(unrollSmallLoops, running(2, 2), expecting({ batch: 4096 }));
    expectUntouched(unrollSmallLoops, running("time", 2), expecting({ ...rows, time: 2 }));
    expectUntouched(unrollSmallLoops, running(2, 2));
  });

  test("the number of steps is fixed where that unrolls a loop", () => {
    const graph = running("time", 2);
    expect(hasSmallLoop(graph, contextOf({ ...rows, time: 3 }))).toBe(true);
    expect(hasSmallLoop(graph, contextOf({ ...rows, time: 300 }))).toBe(false);
    expect(hasSmallLoop(graph, contextOf(rows))).toBe(false);
  });
});
