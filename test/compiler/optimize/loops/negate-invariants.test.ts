/** Negation of a factor that no step of a loop changes. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { negateInvariants } from "../../../../compiler/optimize/loops/negate-invariants.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

/** A loop with state s, slice x and captured w, and the result of a step as scan output. */
const cell = (step: (b: Builder, s: Value, x: Value, w: Value) => readonly Value[]): Graph =>
  graphOf((b, float) => {
    const w = float("w", 2);
    return loop(b, [float("s", 2)], [float("xs", "time", 2)], (inner, [s], [x]) => [
      [inner.tanh(s)],
      step(inner, s, x, w),
    ]);
  });

test("moves a negation into the captured factor, on either side", () => {
  const graph = cell((b, s, x, w) => [b.exp(b.neg(b.mul(x, w))), b.neg(b.mul(b.exp(w), s))]);
  expect(changes(negateInvariants, graph)).toMatchInlineSnapshot(`
    "
       scan: f32[2], scan.1: f32[time, 2], scan.2: f32[time, 2] = Scan(length=time)
         state s.1: f32[2] = s
         slice xs.1: f32[2] = xs
         capture w
         tanh: f32[2] = Tanh(s.1)
    -    mul: f32[2] = Mul(xs.1, w)
    -    neg: f32[2] = Neg(mul)
    -    exp: f32[2] = Exp(neg)
    +    neg: f32[2] = Neg(w)
    +    mul: f32[2] = Mul(xs.1, neg)
    +    exp: f32[2] = Exp(mul)
         exp.1: f32[2] = Exp(w)
    -    mul.1: f32[2] = Mul(exp.1, s.1)
    -    neg.1: f32[2] = Neg(mul.1)
    +    neg.1: f32[2] = Neg(exp.1)
    +    mul.1: f32[2] = Mul(s.1, neg.1)
         next s.1 = tanh
         stack scan.1 = exp
    -    stack scan.2 = neg.1
    +    stack scan.2 = mul.1
       output scan
       output scan.1
       output scan.2
    "
  `);
});

test("keeps products of values of a step, of invariants alone, and those that are read as they are", () => {
  expectUntouched(
    negateInvariants,
    cell((b, s, x, w) => {
      const read = b.mul(x, w);
      return [b.neg(b.mul(x, s)), b.add(s, b.neg(b.mul(w, w))), b.neg(read), b.exp(read), b.neg(b.add(x, w))];
    }),
  );
});
