/** Induction variables, and the bit-exact hoisting and sinking on the loop over the steps of a call. */
import { expect, test } from "vitest";
import { hoistExact } from "../../../../compiler/optimize/loops/hoist.js";
import { inductionVariables } from "../../../../compiler/optimize/loops/induction-variables.js";
import { sinkExact } from "../../../../compiler/optimize/loops/sink.js";
import { changes, expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

const small = { expected: { batch: 4, time: 3 } };

test("a counter becomes a slice of all its values, and its last value their number", () => {
  const graph = graphOf((b, float, typed) =>
    loop(b, [typed("int64")("n"), float("p", 3)], [float("x", "time", 3)], (inner, [n, p], [x]) => [
      [inner.add(n, 2), inner.add(p, inner.mul(x, inner.cast(n, "float32")))],
      [n],
    ]),
  );
  expect(changes(inductionVariables, graph)).toMatchInlineSnapshot(`
    "
    -  scan: i64, scan.1: f32[3], scan.2: i64[time] = Scan(length=time)
    -    state n.1: i64 = n
    +  range: i64[time] = Range(limit=time)
    +  mul: i64[time] = Mul(range, 2)
    +  add: i64[time] = Add(n, mul)
    +  scan: f32[3], scan.1: i64[time] = Scan(length=time)
         state p.1: f32[3] = p
    +    slice n.1: i64 = add
         slice x.1: f32[3] = x
    -    add: i64 = Add(n.1, 2)
         cast: f32 = Cast(n.1)
    -    mul: f32[3] = Mul(x.1, cast)
    -    add.1: f32[3] = Add(p.1, mul)
    -    next n.1 = add
    +    mul.1: f32[3] = Mul(x.1, cast)
    +    add.1: f32[3] = Add(p.1, mul.1)
    +    identity: i64 = Identity(n.1)
         next p.1 = add.1
    -    stack scan.2 = n.1
    +    stack scan.1 = identity
    +  size: i64 = Size(range)
    +  mul.2: i64 = Mul(size, 2)
    +  add.2: i64 = Add(n, mul.2)
    +  output add.2
       output scan
       output scan.1
    -  output scan.2
    "
  `);
});

test("keeps a counter with a float or variable stride, or in a reverse loop", () => {
  const counting = (dtype: "float32" | "int64", reverse: boolean) =>
    graphOf((b, float, typed) =>
      loop(
        b,
        [typed(dtype)("n")],
        [float("x", "time", 3)],
        (inner, [n], [x]) => [[inner.add(n, 1)], [inner.tanh(x)]],
        reverse,
      ),
    );
  expectUntouched(inductionVariables, counting("float32", false));
  expectUntouched(inductionVariables, counting("int64", true));
  expectUntouched(
    inductionVariables,
    graphOf((b, float, typed) =>
      loop(b, [typed("int64")("n"), typed("int64")("m")], [float("x", "time", 3)], (inner, [n, m]) => [
        [inner.add(n, m), inner.mul(m, 2)],
        [],
      ]),
    ),
  );
  expectUntouched(
    inductionVariables,
    graphOf((b, float, typed) =>
      loop(b, [typed("int64")("n"), typed("int64")("m")], [float("x", "time", 3)], (inner, [n, m]) => [
        [inner.add(m, 2), inner.add(n, n)],
        [],
      ]),
    ),
  );
});

test("hoists movement, exact arithmetic and sizes; keeps functions that may round differently", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("p", "batch", 3)], [float("x", "time", 3, "batch")], (inner, [p], [x]) => {
      const transposed = inner.transpose(x, [1, 0]);
      const mean = inner.div(inner.tanh(transposed), inner.cast(inner.size(x), "float32"));
      return [[inner.add(inner.mul(p, inner.mul(transposed, transposed)), mean)], []];
    }),
  );
  expect(resultOf(hoistExact, graph, small)).toMatchInlineSnapshot(`
    "
      transpose: f32[time, batch, 3] = Transpose(x, perm=[0, 2, 1])
      slice: f32[1, 3, batch] = Slice(x, axis=0, start=0, end=1)
      size: i64 = Size(slice)
      unsqueeze: i64[1] = Unsqueeze(size, axes=[0])
      expand: i64[time] = Expand(unsqueeze)
      cast: f32[time] = Cast(expand)
      mul: f32[time, batch, 3] = Mul(transpose, transpose)
      scan: f32[batch, 3] = Scan(length=time)
        state p.1: f32[batch, 3] = p
        slice slice.1: f32[batch, 3] = transpose
        slice slice.2: f32 = cast
        slice slice.3: f32[batch, 3] = mul
        tanh: f32[batch, 3] = Tanh(slice.1)
        div: f32[batch, 3] = Div(tanh, slice.2)
        mul.1: f32[batch, 3] = Mul(p.1, slice.3)
        add: f32[batch, 3] = Add(mul.1, div)
        next p.1 = add
      output scan
    "
  `);
  for (const expected of [{ batch: 400, time: 3 }, {}])
    expect(resultOf(hoistExact, graph, { expected })).toContain("    transpose: f32[batch, 3] = Transpose(x.1");
});

test("hoists a function of a scalar on full vectors, which round uniformly", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("p", 2)], [float("x", "time")], (inner, [p], [x]) => [[inner.mul(p, inner.tanh(x))], []]),
  );
  expect(changes(hoistExact, graph)).toMatchInlineSnapshot(`
    "
    +  unsqueeze: f32[time, 1] = Unsqueeze(x, axes=[1])
    +  expand: f32[time, 16] = Expand(unsqueeze)
    +  tanh: f32[time, 16] = Tanh(expand)
    +  slice: f32[time, 1] = Slice(tanh, axis=1, start=0, end=1)
    +  squeeze: f32[time] = Squeeze(slice, axes=[1])
       scan: f32[2] = Scan(length=time)
         state p.1: f32[2] = p
    -    slice x.1: f32 = x
    -    tanh: f32 = Tanh(x.1)
    -    mul: f32[2] = Mul(p.1, tanh)
    +    slice slice.1: f32 = squeeze
    +    mul: f32[2] = Mul(p.1, slice.1)
         next p.1 = mul
       output scan
    "
  `);
});

test("sinks exact arithmetic on small reported values; keeps sums and functions that may round differently", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("p", 2)], [float("x", "time", 2)], (inner, [p], [x]) => {
      const next = inner.mul(p, x);
      return [[next], [inner.neg(inner.sum(next, [0])), inner.sqrt(inner.exp(next))]];
    }),
  );
  expect(changes(sinkExact, graph, small)).toMatchInlineSnapshot(`
    "
    -  scan: f32[2], scan.1: f32[time], scan.2: f32[time, 2] = Scan(length=time)
    +  scan: f32[2], scan.1: f32[time, 2], scan.2: f32[time] = Scan(length=time)
         state p.1: f32[2] = p
         slice x.1: f32[2] = x
         mul: f32[2] = Mul(p.1, x.1)
         reducesum: f32 = ReduceSum(mul, axes=[0])
    -    neg: f32 = Neg(reducesum)
         exp: f32[2] = Exp(mul)
    -    sqrt: f32[2] = Sqrt(exp)
         next p.1 = mul
    -    stack scan.1 = neg
    -    stack scan.2 = sqrt
    +    stack scan.1 = exp
    +    stack scan.2 = reducesum
    +  neg: f32[time] = Neg(scan.2)
    +  sqrt: f32[time, 2] = Sqrt(scan.1)
       output scan
    -  output scan.1
    -  output scan.2
    +  output neg
    +  output sqrt
    "
  `);
  const wideGraph = graphOf((b, float) =>
    loop(b, [float("p", "batch", 3)], [float("x", "time", 3)], (inner, [p], [x]) => {
      const next = inner.mul(p, x);
      return [[next], [inner.neg(next)]];
    }),
  );
  expectUntouched(sinkExact, wideGraph, { expected: { batch: 400, time: 3 } });
});
