/** Reuse of loop values: a value of a loop becomes a scan output instead of being computed from scan outputs. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { reuseLoopValues } from "../../../../compiler/optimize/reuse/loop-values.js";
import { changes, expectUntouched, graphOf, type Inputs, loop } from "../../../support/before-after.js";

const largeSizes = { expected: { batch: 5000, time: 50 } };

/** A loop that computes a gate times a state, with the gate, its activation and the state as scan outputs. */
function gated(b: Builder, float: Inputs): readonly Value[] {
  return loop(b, [float("c", "batch", 3)], [float("x", "time", "batch", 3)], (inner, [c], [x]) => {
    const gate = inner.sigmoid(x);
    const retained = inner.mul(gate, c);
    return [[inner.add(retained, x)], [gate, c, inner.tanh(retained)]];
  });
}

test("a product that the loop computes too replaces the scan output of the state", () => {
  const graph = graphOf((b, float) => {
    const [last, gate, state, result] = gated(b, float);
    return [last as Value, b.sub(b.mul(state as Value, gate as Value), result as Value)];
  });
  expect(changes(reuseLoopValues, graph, largeSizes)).toMatchInlineSnapshot(`
    "
    -  scan: f32[batch, 3], scan.1: f32[time, batch, 3], scan.2: f32[time, batch, 3], scan.3: f32[time, batch, 3] = Scan(length=time)
    +  scan: f32[batch, 3], scan.1: f32[time, batch, 3], scan.2: f32[time, batch, 3] = Scan(length=time)
         state c.1: f32[batch, 3] = c
         slice x.1: f32[batch, 3] = x
         sigmoid: f32[batch, 3] = Sigmoid(x.1)
         mul: f32[batch, 3] = Mul(sigmoid, c.1)
         add: f32[batch, 3] = Add(mul, x.1)
         tanh: f32[batch, 3] = Tanh(mul)
         next c.1 = add
    -    stack scan.1 = sigmoid
    -    stack scan.2 = c.1
    -    stack scan.3 = tanh
    -  mul.1: f32[time, batch, 3] = Mul(scan.2, scan.1)
    -  sub: f32[time, batch, 3] = Sub(mul.1, scan.3)
    +    stack scan.1 = tanh
    +    stack scan.2 = mul
    +  sub: f32[time, batch, 3] = Sub(scan.2, scan.1)
       output scan
       output sub
    "
  `);
});

test("an additional wide scan output is not worth a product", () => {
  const graph = graphOf((b, float) => {
    const [last, gate, state, result] = gated(b, float);
    const product = b.mul(state as Value, gate as Value);
    return [last as Value, b.sub(product, b.add(state as Value, result as Value))];
  });
  expectUntouched(reuseLoopValues, graph, largeSizes);
  expect(changes(reuseLoopValues, graph, { expected: { batch: 5, time: 50 } })).toContain("-  mul");
});

test("keeps values that the loop does not compute, or computes from other operands", () => {
  const graph = graphOf((b, float) => {
    const [last, gate, state] = gated(b, float);
    return [last as Value, b.mul(gate as Value, gate as Value), b.mul(state as Value, float("y", "time", "batch", 3))];
  });
  expectUntouched(reuseLoopValues, graph);
});
