/** Unrolling of loops of static length. */
import { expect, test } from "vitest";
import { unroll } from "../../../../compiler/optimize/loops/unroll.js";
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
