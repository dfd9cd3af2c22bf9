/** Hoisting of state-independent nodes. */
import { describe, expect, test } from "vitest";
import { hoist } from "../../../../compiler/optimize/loops/hoist.js";
import { CLASSES, changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

describe("hoist", () => {
  test("multiplies all time steps by a matrix at once", () => {
    const graph = graphOf((b, float) => {
      const [w, u] = [float("W", 3, 2), float("U", 2, 2)];
      return loop(b, [float("h", "batch", 2)], [float("xs", "time", "batch", 3)], ({ add, matmul, tanh }, [h], [x]) => {
        const next = tanh(add(matmul(x, w), matmul(h, u)));
        return [[next], [next]];
      });
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      +  matmul: f32[time, batch, 2] = MatMul(xs, W)
         scan: f32[batch, 2], scan.1: f32[time, batch, 2] = Scan(length=time)
           state h.1: f32[batch, 2] = h
      -    slice xs.1: f32[batch, 3] = xs
      -    capture W, U
      -    matmul: f32[batch, 2] = MatMul(xs.1, W)
      +    slice slice: f32[batch, 2] = matmul
      +    capture U
           matmul.1: f32[batch, 2] = MatMul(h.1, U)
      -    add: f32[batch, 2] = Add(matmul, matmul.1)
      +    add: f32[batch, 2] = Add(slice, matmul.1)
           tanh: f32[batch, 2] = Tanh(add)
           next h.1 = tanh
           stack scan.1 = tanh
         output scan
         output scan.1
      "
    `);
  });

  test("broadcasts invariant operands against per-step ones, also in reverse loops", () => {
    const graph = graphOf((b, float) => {
      const [c, d] = [float("c", 2, 3), float("d")];
      return loop(
        b,
        [float("h", 2, 3)],
        [float("xs", "time", 3), float("ys", "time")],
        ({ add, mul }, [h], [x, y]) => [[mul(h, add(mul(x, c), mul(y, d)))], []],
        true,
      );
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      +  unsqueeze: f32[time, 1, 3] = Unsqueeze(xs, axes=[1])
      +  mul: f32[time, 2, 3] = Mul(unsqueeze, c)
      +  mul.1: f32[time] = Mul(ys, d)
      +  unsqueeze.1: f32[time, 1, 1] = Unsqueeze(mul.1, axes=[1, 2])
      +  add: f32[time, 2, 3] = Add(mul, unsqueeze.1)
         scan: f32[2, 3] = Scan(length=time, reverse)
           state h.1: f32[2, 3] = h
      -    slice xs.1: f32[3] = xs
      -    slice ys.1: f32 = ys
      -    capture c, d
      -    mul: f32[2, 3] = Mul(xs.1, c)
      -    mul.1: f32 = Mul(ys.1, d)
      -    add: f32[2, 3] = Add(mul, mul.1)
      -    mul.2: f32[2, 3] = Mul(h.1, add)
      +    slice slice: f32[2, 3] = add
      +    mul.2: f32[2, 3] = Mul(h.1, slice)
           next h.1 = mul.2
         output scan
      "
    `);
  });

  test("computes invariant values once", () => {
    const graph = graphOf((b, float) => {
      const rate = float("rate", 2);
      return loop(b, [float("h", 2)], [float("xs", "time", 2)], ({ add, mul, sigmoid, expand }, [h], [x]) => [
        [add(mul(h, sigmoid(rate)), mul(expand(0.5, [2]), x))],
        [],
      ]);
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      +  sigmoid: f32[2] = Sigmoid(rate)
      +  expand: f32[2] = Expand(0.5)
      +  mul: f32[time, 2] = Mul(expand, xs)
         scan: f32[2] = Scan(length=time)
           state h.1: f32[2] = h
      -    slice xs.1: f32[2] = xs
      -    capture rate
      -    sigmoid: f32[2] = Sigmoid(rate)
      -    mul: f32[2] = Mul(h.1, sigmoid)
      -    expand: f32[2] = Expand(0.5)
      -    mul.1: f32[2] = Mul(expand, xs.1)
      -    add: f32[2] = Add(mul, mul.1)
      +    slice slice: f32[2] = mul
      +    capture sigmoid
      +    mul.1: f32[2] = Mul(h.1, sigmoid)
      +    add: f32[2] = Add(mul.1, slice)
           next h.1 = add
         output scan
      "
    `);
  });

  test("computes state-independent scan outputs outside, also slices and captures", () => {
    const graph = graphOf((b, float) => {
      const c = float("c", 2);
      return loop(b, [float("h", 2)], [float("xs", "time", 2)], ({ add, tanh, scalar }, [h], [x]) => [
        [add(h, x)],
        [tanh(x), x, c, h, scalar(2), tanh(x)],
      ]);
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      -  scan: f32[2], scan.1: f32[time, 2], scan.2: f32[time, 2], scan.3: f32[time, 2], scan.4: f32[time, 2], scan.5: f32[time], scan.6: f32[time, 2] = Scan(length=time)
      +  tanh: f32[time, 2] = Tanh(xs)
      +  tanh.1: f32[time, 2] = Tanh(xs)
      +  scan: f32[2], scan.1: f32[time, 2] = Scan(length=time)
           state h.1: f32[2] = h
           slice xs.1: f32[2] = xs
      -    capture c
           add: f32[2] = Add(h.1, xs.1)
      -    tanh: f32[2] = Tanh(xs.1)
      -    tanh.1: f32[2] = Tanh(xs.1)
           next h.1 = add
      -    stack scan.1 = tanh
      -    stack scan.2 = xs.1
      -    stack scan.3 = c
      -    stack scan.4 = h.1
      -    stack scan.5 = 2.0
      -    stack scan.6 = tanh.1
      +    stack scan.1 = h.1
      +  unsqueeze: f32[1, 2] = Unsqueeze(c, axes=[0])
      +  expand: f32[time, 2] = Expand(unsqueeze)
      +  unsqueeze.1: f32[1] = Unsqueeze(2.0, axes=[0])
      +  expand.1: f32[time] = Expand(unsqueeze.1)
         output scan
      +  output tanh
      +  output xs
      +  output expand
         output scan.1
      -  output scan.2
      -  output scan.3
      -  output scan.4
      -  output scan.5
      -  output scan.6
      +  output expand.1
      +  output tanh.1
      "
    `);
  });

  test("hoists integers and conditions", () => {
    const graph = graphOf((b, float, typed) => {
      const table = float("E", CLASSES, 2);
      return loop(
        b,
        [float("h", 2, 2)],
        [typed("int64")("ids", "time", 2), typed("bool")("live", "time", 2, 1)],
        ({ add, gather, not, tanh, where, oneHot, matmul }, [h], [id, valid]) => [
          [where(not(valid), h, tanh(add(h, gather(table, id, 0))))],
          [matmul(oneHot(id, CLASSES), table)],
        ],
      );
    });
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      -  scan: f32[2, 2], scan.1: f32[time, 2, 2] = Scan(length=time)
      +  not: bool[time, 2, 1] = Not(live)
      +  gather: f32[time, 2, 2] = Gather(E, ids, axis=0)
      +  onehot: f32[time, 2, 3] = OneHot(ids, depth=3)
      +  matmul: f32[time, 2, 2] = MatMul(onehot, E)
      +  scan: f32[2, 2] = Scan(length=time)
           state h.1: f32[2, 2] = h
      -    slice ids.1: i64[2] = ids
      -    slice live.1: bool[2, 1] = live
      -    capture E
      -    not: bool[2, 1] = Not(live.1)
      -    gather: f32[2, 2] = Gather(E, ids.1, axis=0)
      -    add: f32[2, 2] = Add(h.1, gather)
      +    slice slice: f32[2, 2] = gather
      +    slice slice.1: bool[2, 1] = not
      +    add: f32[2, 2] = Add(h.1, slice)
           tanh: f32[2, 2] = Tanh(add)
      -    where: f32[2, 2] = Where(not, h.1, tanh)
      -    onehot: f32[2, 3] = OneHot(ids.1, depth=3)
      -    matmul: f32[2, 2] = MatMul(onehot, E)
      +    where: f32[2, 2] = Where(slice.1, h.1, tanh)
           next h.1 = where
      -    stack scan.1 = matmul
         output scan
      -  output scan.1
      +  output matmul
      "
    `);
  });

  test("keeps one scanned input of a loop that would scan nothing", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h")], [float("xs", "time")], ({ mul, tanh }, [h], [x]) => [[mul(h, 2)], [tanh(x)]]),
    );
    expect(changes(hoist, graph)).toMatchInlineSnapshot(`
      "
      -  scan: f32, scan.1: f32[time] = Scan(length=time)
      +  tanh: f32[time] = Tanh(xs)
      +  scan: f32 = Scan(length=time)
           state h.1: f32 = h
           slice xs.1: f32 = xs
           mul: f32 = Mul(h.1, 2.0)
      -    tanh: f32 = Tanh(xs.1)
           next h.1 = mul
      -    stack scan.1 = tanh
         output scan
      -  output scan.1
      +  output tanh
      "
    `);
  });

  test("keeps nodes without a batching rule: a Gather whose data and indices vary", () => {
    expectUntouched(
      hoist,
      graphOf((b, float, typed) =>
        loop(
          b,
          [float("h", 2)],
          [float("xs", "time", CLASSES), typed("int64")("ids", "time", 2)],
          ({ add, gather }, [h], [x, id]) => [[add(h, gather(x, id, 0))], []],
        ),
      ),
    );
  });

  test("keeps nodes that depend on a state, even a constant one", () => {
    expectUntouched(
      hoist,
      graphOf((b, float) =>
        loop(b, [float("h"), float("k")], [float("xs", "time")], ({ add, mul }, [h, k], [x]) => [
          [add(h, mul(k, x)), k],
          [mul(k, x)],
        ]),
      ),
    );
  });
});

test("keeps the transpose of a slice for products with the state, which fuse it", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", 3, 2)], [float("x", "time", 3, 3)], ({ add, matmul, transpose }, [h], [x]) => {
      const transposed = transpose(x, [1, 0]);
      return [[add(matmul(transposed, h), h)], []];
    }),
  );
  expectUntouched(hoist, graph);
  const shared = graphOf((b, float) =>
    loop(b, [float("h", 3, 3)], [float("x", "time", 3, 3)], ({ add, matmul, transpose }, [h], [x]) => {
      const transposed = transpose(x, [1, 0]);
      return [[add(matmul(transposed, h), transposed)], []];
    }),
  );
  expect(changes(hoist, shared)).toContain("+  transpose: f32[time, 3, 3] = Transpose(x, perm=[0, 2, 1])");
});
