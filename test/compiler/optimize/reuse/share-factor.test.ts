/** Shared-factor distribution. */
import { expect, test } from "vitest";
import { shareFactor } from "../../../../compiler/optimize/reuse/share-factor.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

test("a product with 1 - y is the factor minus the product with y", () => {
  const graph = graphOf((b, float) => {
    const [g, f, retained] = [float("g", 3), float("f", 3), float("kept", 3)];
    return [b.mul(g, f), b.mul(g, b.mul(retained, b.sub(1, f)))];
  });
  expect(changes(shareFactor, graph)).toMatchInlineSnapshot(`
    "
       mul: f32[3] = Mul(g, f)
    -  sub: f32[3] = Sub(1.0, f)
    +  sub: f32[3] = Sub(g, mul)
       mul.1: f32[3] = Mul(kept, sub)
    -  mul.2: f32[3] = Mul(g, mul.1)
       output mul
    -  output mul.2
    +  output mul.1
    "
  `);
});

test("products share scaled subexpressions, terms of sums first", () => {
  const graph = graphOf((b, float) => {
    const [g, i, n] = [float("g", 3), float("i", 3), float("n", 3)];
    const added = b.mul(i, n);
    return [b.mul(g, b.mul(added, b.sub(1, i))), b.mul(b.sub(i, b.mul(added, n)), g)];
  });
  expect(changes(shareFactor, graph)).toMatchInlineSnapshot(`
    "
    -  mul: f32[3] = Mul(i, n)
       sub: f32[3] = Sub(1.0, i)
    -  mul.1: f32[3] = Mul(mul, sub)
    -  mul.2: f32[3] = Mul(g, mul.1)
    -  mul.3: f32[3] = Mul(mul, n)
    -  sub.1: f32[3] = Sub(i, mul.3)
    -  mul.4: f32[3] = Mul(sub.1, g)
    +  mul: f32[3] = Mul(g, i)
    +  mul.1: f32[3] = Mul(mul, n)
    +  mul.2: f32[3] = Mul(mul.1, sub)
    +  mul.3: f32[3] = Mul(mul.1, n)
    +  sub.1: f32[3] = Sub(mul, mul.3)
       output mul.2
    -  output mul.4
    +  output sub.1
    "
  `);
});

test("a square scales one of its two operands", () => {
  const graph = graphOf((b, float) => {
    const [g, y] = [float("g", 3), float("y", 3)];
    return [b.mul(g, y), b.mul(g, b.sub(1, b.mul(y, y)))];
  });
  expect(changes(shareFactor, graph)).toMatchInlineSnapshot(`
    "
       mul: f32[3] = Mul(g, y)
    -  mul.1: f32[3] = Mul(y, y)
    -  sub: f32[3] = Sub(1.0, mul.1)
    -  mul.2: f32[3] = Mul(g, sub)
    +  mul.1: f32[3] = Mul(mul, y)
    +  sub: f32[3] = Sub(g, mul.1)
       output mul
    -  output mul.2
    +  output sub
    "
  `);
});

test("applies in loop bodies, also to a factor that the body computes", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", 3)], [float("x", "time", 3)], (inner, [h], [x]) => {
      const g = inner.mul(h, inner.tanh(x));
      return [[inner.mul(g, inner.sub(1, x))], [inner.mul(g, x)]];
    }),
  );
  expect(changes(shareFactor, graph)).toMatchInlineSnapshot(`
    "
       scan: f32[3], scan.1: f32[time, 3] = Scan(length=time)
         state h.1: f32[3] = h
         slice x.1: f32[3] = x
         tanh: f32[3] = Tanh(x.1)
         mul: f32[3] = Mul(h.1, tanh)
    -    sub: f32[3] = Sub(1.0, x.1)
    -    mul.1: f32[3] = Mul(mul, sub)
    -    mul.2: f32[3] = Mul(mul, x.1)
    -    next h.1 = mul.1
    -    stack scan.1 = mul.2
    +    mul.1: f32[3] = Mul(mul, x.1)
    +    sub: f32[3] = Sub(mul, mul.1)
    +    next h.1 = sub
    +    stack scan.1 = mul.1
       output scan
       output scan.1
    "
  `);
});

test("changes nothing without fewer operations", () => {
  const separate = graphOf((b, float) => {
    const [g, x, y, z] = [float("g", 3), float("x", 3), float("y", 3), float("z", 3)];
    return [b.mul(g, b.mul(x, y)), b.mul(g, b.add(y, z))];
  });
  expectUntouched(shareFactor, separate);
  const readElsewhere = graphOf((b, float) => {
    const [g, f] = [float("g", 3), float("f", 3)];
    const complement = b.sub(1, f);
    return [b.mul(g, f), b.mul(g, complement), complement];
  });
  expectUntouched(shareFactor, readElsewhere);
  const half = graphOf((b, _, typed) => {
    const [g, f] = [typed("float16")("g", 3), typed("float16")("f", 3)];
    return [b.mul(g, f), b.mul(g, b.mul(f, b.sub(1, f)))];
  });
  expectUntouched(shareFactor, half);
  const wider = graphOf((b, float) => {
    const [g, f] = [float("g", 3), float("f", 2, 3)];
    return [b.mul(g, f), b.mul(g, b.sub(1, f))];
  });
  expectUntouched(shareFactor, wider);
});
