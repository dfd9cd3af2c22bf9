/** Products in the order of a loop's, which `reuse-loop-values` then stacks in place of a state. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { reorderLoopProducts } from "../../../../compiler/optimize/reuse/loop-products.js";
import { reuseLoopValues } from "../../../../compiler/optimize/reuse/loop-values.js";
import { changes, expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

/** A loop h' = a * h + x that stacks h, and what is made of the stack, of a and of g. */
const decayed = (of: (b: Builder, h: Value, a: Value, g: Value) => readonly Value[]): Graph =>
  graphOf((b, float) => {
    const a = float("a", 3, "batch", 2);
    const [last, h] = loop(b, [float("h", "batch", 2)], [a, float("x", 3, "batch", 2)], (inner, [state], [gate, x]) => [
      [inner.add(inner.mul(gate, state), x)],
      [state],
    ]) as [Value, Value];
    return [last, ...of(b, h, a, float("g", 3, "batch", 2))];
  });

test("a stacked state is multiplied by the loop's factor first, and the product is stacked in its place", () => {
  const graph = decayed((b, h, a, g) => [b.mul(b.mul(g, h), a)]);
  expect(changes(reorderLoopProducts, graph)).toMatchInlineSnapshot(`
    "
       scan: f32[batch, 2], scan.1: f32[3, batch, 2] = Scan(length=3)
         state h.1: f32[batch, 2] = h
         slice a.1: f32[batch, 2] = a
         slice x.1: f32[batch, 2] = x
         mul: f32[batch, 2] = Mul(a.1, h.1)
         add: f32[batch, 2] = Add(mul, x.1)
         next h.1 = add
         stack scan.1 = h.1
    -  mul.1: f32[3, batch, 2] = Mul(g, scan.1)
    -  mul.2: f32[3, batch, 2] = Mul(mul.1, a)
    +  mul.1: f32[3, batch, 2] = Mul(scan.1, a)
    +  mul.2: f32[3, batch, 2] = Mul(g, mul.1)
       output scan
       output mul.2
    "
  `);
  const reordered = reorderLoopProducts.run(graph, { expected: new Map() });
  const text = resultOf(reuseLoopValues, reordered, { expected: { batch: 5000 } });
  expect(text.match(/= Mul/g)).toHaveLength(2);
});

test("keeps other factors, products and states that are read elsewhere", () => {
  expectUntouched(
    reorderLoopProducts,
    decayed((b, h, _, g) => [b.mul(b.mul(g, h), g)]),
  );
  expectUntouched(
    reorderLoopProducts,
    decayed((b, h, a, g) => [b.mul(b.mul(g, h), a), h]),
  );
  expectUntouched(
    reorderLoopProducts,
    decayed((b, h, a, g) => {
      const product = b.mul(g, h);
      return [b.mul(product, a), product];
    }),
  );
});
