/** Fusion of elementwise producers of wide slices into the loop that reads them. */
import { expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { fuseIntoLoop } from "../../../../compiler/optimize/loops/fuse-into-loop.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

const largeSizes = { expected: { batch: 5000, time: 50 } };
const smallSizes = { expected: { batch: 5, time: 50 } };

test("moves elementwise nodes into the loop, with their producers", () => {
  const graph = graphOf((b, float) => {
    const [y, f] = [float("y", "time", "batch", 3), float("f", "time", "batch", 3)];
    const slope = b.mul(f, b.sub(1, b.mul(y, y)));
    return loop(b, [float("g", "batch", 3)], [slope, f], (inner, [g], [k, retained]) => {
      const next = inner.add(inner.mul(g, k), retained);
      return [[next], [next]];
    });
  });
  expect(changes(fuseIntoLoop, graph, largeSizes)).toMatchInlineSnapshot(`
    "
    -  mul: f32[time, batch, 3] = Mul(y, y)
    -  sub: f32[time, batch, 3] = Sub(1.0, mul)
    -  mul.1: f32[time, batch, 3] = Mul(f, sub)
       scan: f32[batch, 3], scan.1: f32[time, batch, 3] = Scan(length=time)
         state g.1: f32[batch, 3] = g
    -    slice slice.0: f32[batch, 3] = mul.1
    +    slice y.1: f32[batch, 3] = y
         slice f.1: f32[batch, 3] = f
    -    mul.2: f32[batch, 3] = Mul(g.1, slice.0)
    +    mul: f32[batch, 3] = Mul(y.1, y.1)
    +    sub: f32[batch, 3] = Sub(1.0, mul)
    +    mul.1: f32[batch, 3] = Mul(f.1, sub)
    +    mul.2: f32[batch, 3] = Mul(g.1, mul.1)
         add: f32[batch, 3] = Add(mul.2, f.1)
         next g.1 = add
         stack scan.1 = add
       output scan
       output scan.1
    "
  `);
  expectUntouched(fuseIntoLoop, graph, smallSizes);
});

test("moves Gather, Concat and Split too, and captures their invariant operands", () => {
  const graph = graphOf((b, float, typed) => {
    const picked = b.gather(float("table", 4, 6), typed("int32")("ids", "time", "batch"), 0);
    const [left, right] = b.split(b.add(picked, float("bias", 6)), [2, 4], 2);
    const concatenated = b.concat([right as never, left as never], 2);
    return loop(b, [float("h", "batch", 6)], [concatenated], (inner, [h], [x]) => [[inner.tanh(inner.add(h, x))], []]);
  });
  expect(changes(fuseIntoLoop, graph, largeSizes)).toMatchInlineSnapshot(`
    "
    -  gather: f32[time, batch, 6] = Gather(table, ids, axis=0)
    -  add: f32[time, batch, 6] = Add(gather, bias)
    -  split: f32[time, batch, 2], split.1: f32[time, batch, 4] = Split(add, axis=2, sizes=[2, 4])
    -  concat: f32[time, batch, 6] = Concat(split.1, split, axis=2)
       scan: f32[batch, 6] = Scan(length=time)
         state h.1: f32[batch, 6] = h
    -    slice slice.0: f32[batch, 6] = concat
    -    add.1: f32[batch, 6] = Add(h.1, slice.0)
    +    slice ids.1: i32[batch] = ids
    +    capture table, bias
    +    gather: f32[batch, 6] = Gather(table, ids.1, axis=0)
    +    add: f32[batch, 6] = Add(gather, bias)
    +    split: f32[batch, 2], split.1: f32[batch, 4] = Split(add, axis=1, sizes=[2, 4])
    +    concat: f32[batch, 6] = Concat(split.1, split, axis=1)
    +    add.1: f32[batch, 6] = Add(h.1, concat)
         tanh: f32[batch, 6] = Tanh(add.1)
         next h.1 = tanh
       output scan
    "
  `);
});

test("keeps nodes with another reader, and nodes that cannot be computed by slices", () => {
  const step = (...[inner, [h], [x]]: Parameters<Parameters<typeof loop>[3]>) =>
    [[inner.add(h as never, x as never)], []] as const;
  expectUntouched(
    fuseIntoLoop,
    graphOf((b, float) => {
      const x = b.tanh(float("x", "time", "batch", 3));
      return [...loop(b, [float("h", "batch", 3)], [x], step), b.sum(x)];
    }),
    largeSizes,
  );
  expectUntouched(
    fuseIntoLoop,
    graphOf((b, float) => {
      const x = b.tanh(float("x", "time", "batch", 3));
      const first = loop(b, [float("h", "batch", 3)], [x], step);
      return [...first, ...loop(b, [float("g", "batch", 3)], [x], step, true)];
    }),
    largeSizes,
  );
  expectUntouched(
    fuseIntoLoop,
    graphOf((b, float) => {
      const transposed = b.transpose(float("x", "batch", "time", 3), [1, 0, 2]);
      return loop(b, [float("h", "batch", 3)], [transposed], step);
    }),
    largeSizes,
  );
  expectUntouched(
    fuseIntoLoop,
    graphOf((b, float) => {
      const along = b.concat([float("x", "time", "batch", 3), float("y", 1, "batch", 3)], 0);
      return loop(b, [float("h", "batch", 3)], [along], step);
    }),
    largeSizes,
  );
});

test("keeps Gather of other axes or single rows, and values that the loop also captures", () => {
  const add = (...[inner, [h], [x]]: Parameters<Parameters<typeof loop>[3]>) =>
    [[inner.add(h as never, x as never)], []] as const;
  const untouched = (build: Parameters<typeof graphOf>[0]) => expectUntouched(fuseIntoLoop, graphOf(build), largeSizes);
  untouched((b, float) => {
    const table = b.gather(float("x", "time", 2, "batch"), b.constant(tensor("int64", [1], [1])), 1);
    return loop(b, [float("h", 1, "batch")], [table], add);
  });
  untouched((b, float, typed) =>
    loop(b, [float("h", "batch")], [b.gather(float("table", 4, "batch"), typed("int32")("ids", "time"), 0)], add),
  );
  untouched((b, float) =>
    loop(b, [float("h", "batch", 3)], [b.mul(float("x", "time", "batch", 3), float("y", 1, "batch", 3))], add),
  );
  untouched((b, float) => {
    const squares = b.mul(float("x", "time", "batch", 3), 2);
    return loop(b, [float("h", "batch", 3)], [squares], (inner, [h], [x]) => [
      [inner.add(inner.add(h, x), inner.sum(squares, [0]))],
      [],
    ]);
  });
});

test("keeps the producers of invariant operands outside", () => {
  const graph = graphOf((b, float) => {
    const scale = b.tanh(float("scale", 3, "batch"));
    return loop(b, [float("h", 3, "batch")], [b.mul(float("x", "time", 3, "batch"), scale)], (inner, [h], [x]) => [
      [inner.add(h, x)],
      [],
    ]);
  });
  const text = changes(fuseIntoLoop, graph, largeSizes);
  expect(text).toContain(" tanh: f32[3, batch] = Tanh(scale)\n");
  expect(text).toContain("+    capture tanh\n");
});

test("a value that is sliced and read whole is a scanned input and a capture", () => {
  const graph = graphOf((b, float) => {
    const x = float("x", "time", "batch", 3);
    const rows = b.mul(x, x);
    return loop(b, [float("h", "batch", 3)], [rows], (inner, [h], [slice]) => [
      [inner.add(inner.add(h, slice), inner.sum(x, [0]))],
      [],
    ]);
  });
  expect(changes(fuseIntoLoop, graph, largeSizes)).toMatchInlineSnapshot(`
    "
    -  mul: f32[time, batch, 3] = Mul(x, x)
       scan: f32[batch, 3] = Scan(length=time)
         state h.1: f32[batch, 3] = h
    -    slice slice.0: f32[batch, 3] = mul
    +    slice x.1: f32[batch, 3] = x
         capture x
    -    add: f32[batch, 3] = Add(h.1, slice.0)
    +    mul: f32[batch, 3] = Mul(x.1, x.1)
    +    add: f32[batch, 3] = Add(h.1, mul)
         reducesum: f32[batch, 3] = ReduceSum(x, axes=[0])
         add.1: f32[batch, 3] = Add(add, reducesum)
         next h.1 = add.1
       output scan
    "
  `);
});
