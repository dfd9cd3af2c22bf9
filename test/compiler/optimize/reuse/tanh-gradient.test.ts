/** The peephole for the gradient of tanh. */
import { expect, test } from "vitest";
import type { Value } from "../../../../compiler/ir/types.js";
import { tanhGradient } from "../../../../compiler/optimize/reuse/tanh-gradient.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

test("an existing product x * y replaces the square y * y", () => {
  const graph = graphOf((b, float) => {
    const [x, y] = [float("x", "batch", 3), float("y", "batch", 3)];
    return [b.mul(y, x), b.mul(b.sub(1, b.mul(y, y)), x)];
  });
  expect(changes(tanhGradient, graph)).toMatchInlineSnapshot(`
    "
       mul: f32[batch, 3] = Mul(y, x)
    -  mul.1: f32[batch, 3] = Mul(y, y)
    -  sub: f32[batch, 3] = Sub(1.0, mul.1)
    -  mul.2: f32[batch, 3] = Mul(sub, x)
    +  mul.1: f32[batch, 3] = Mul(x, y)
    +  mul.2: f32[batch, 3] = Mul(mul.1, y)
    +  sub: f32[batch, 3] = Sub(x, mul.2)
       output mul
    -  output mul.2
    +  output sub
    "
  `);
});

test("a product in the loop whose scan outputs they are counts as existing", () => {
  const graph = graphOf((b, float) => {
    const [last, gate, activated] = loop(b, [float("h", 3)], [float("x", "time", 3)], (inner, [h], [x]) => {
      const [gate, activated] = [inner.sigmoid(inner.add(x, h)), inner.tanh(x)];
      return [[inner.mul(gate, activated)], [gate, activated]];
    });
    return [last as Value, b.mul(gate as Value, b.sub(1, b.mul(activated as Value, activated as Value)))];
  });
  expect(changes(tanhGradient, graph)).toMatchInlineSnapshot(`
    "
       scan: f32[3], scan.1: f32[time, 3], scan.2: f32[time, 3] = Scan(length=time)
         state h.1: f32[3] = h
         slice x.1: f32[3] = x
         add: f32[3] = Add(x.1, h.1)
         sigmoid: f32[3] = Sigmoid(add)
         tanh: f32[3] = Tanh(x.1)
         mul: f32[3] = Mul(sigmoid, tanh)
         next h.1 = mul
         stack scan.1 = sigmoid
         stack scan.2 = tanh
    -  mul.1: f32[time, 3] = Mul(scan.2, scan.2)
    -  sub: f32[time, 3] = Sub(1.0, mul.1)
    -  mul.2: f32[time, 3] = Mul(scan.1, sub)
    +  mul.1: f32[time, 3] = Mul(scan.1, scan.2)
    +  mul.2: f32[time, 3] = Mul(mul.1, scan.2)
    +  sub: f32[time, 3] = Sub(scan.1, mul.2)
       output scan
    -  output mul.2
    +  output sub
    "
  `);
});

test("keeps the gradient without the product, or with another reader", () => {
  const derivative = graphOf((b, float) => {
    const [x, y] = [float("x", 3), float("y", 3)];
    return [b.mul(x, b.sub(1, b.mul(y, y))), b.mul(x, x)];
  });
  expectUntouched(tanhGradient, derivative);
  const shared = graphOf((b, float) => {
    const [x, y] = [float("x", 3), float("y", 3)];
    const complement = b.sub(1, b.mul(y, y));
    return [b.mul(x, y), b.mul(x, complement), b.tanh(complement)];
  });
  expectUntouched(tanhGradient, shared);
  const otherGraph = graphOf((b, float) => {
    const [x, y] = [float("x", 3), float("y", 3)];
    return [b.mul(x, y), b.mul(x, b.sub(2, b.mul(y, y))), b.mul(x, b.sub(1, b.mul(x, y)))];
  });
  expectUntouched(tanhGradient, otherGraph);
});
