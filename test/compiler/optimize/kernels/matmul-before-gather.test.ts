/** A short table is multiplied instead of the gathered rows. */
import { describe, expect, test } from "vitest";
import { matmulBeforeGather } from "../../../../compiler/optimize/kernels/matmul-before-gather.js";
import { CLASSES, changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

const long = { expected: { batch: 50, time: 50 } };
const short = { expected: { batch: 1, time: 2 } };

const embedded = () =>
  graphOf((b, float, typed) => [
    b.add(
      b.matmul(b.gather(float("E", CLASSES, 2), typed("int64")("ids", "time", "batch"), 0), float("W", 2, 4)),
      float("b", 4),
    ),
  ]);

describe("matmul-before-gather", () => {
  test("multiplies a table with fewer rows than indices, and adds a vector to it", () => {
    expect(changes(matmulBeforeGather, embedded(), long)).toMatchInlineSnapshot(`
      "
      -  gather: f32[time, batch, 2] = Gather(E, ids, axis=0)
      -  matmul: f32[time, batch, 4] = MatMul(gather, W)
      -  add: f32[time, batch, 4] = Add(matmul, b)
      -  output add
      +  matmul: f32[3, 4] = MatMul(E, W)
      +  add: f32[3, 4] = Add(matmul, b)
      +  gather: f32[time, batch, 4] = Gather(add, ids, axis=0)
      +  output gather
      "
    `);
  });

  test("keeps a longer table, and a table for an unknown number of indices", () => {
    expectUntouched(matmulBeforeGather, embedded(), short);
    expectUntouched(matmulBeforeGather, embedded(), { expected: { batch: 1, time: CLASSES } });
    expectUntouched(
      matmulBeforeGather,
      graphOf((b, float, typed) => [
        b.matmul(b.gather(float("E", "words", 2), typed("int64")("ids", "batch"), 0), float("W", 2, 4)),
      ]),
      long,
    );
  });

  test("keeps a table before differentiation where adding wider rows into it costs more than the larger products", () => {
    const multiplies = (words: number, columns: number, time: number, precedesGradient = true) => {
      const graph = graphOf((b, float, typed) => [
        b.matmul(b.gather(float("E", words, 16), typed("int64")("ids", "time", "batch"), 0), float("W", 16, columns)),
      ]);
      const context = { expected: { batch: 100, time }, precedesGradient };
      return changes(matmulBeforeGather, graph, context).includes("+  matmul");
    };
    // Products of 3 × 100 × 16 × 20 multiply-adds more, sums of 200 × 300 × 4 fewer.
    expect(multiplies(200, 20, 3)).toBe(false);
    expect(multiplies(200, 20, 3, false)).toBe(true);
    expect(multiplies(200, 20, 20)).toBe(true);
    expect(multiplies(20, 20, 3)).toBe(true);
    expect(multiplies(200, 16, 3)).toBe(true);
  });

  test("replaces the product with a one-hot by a Gather of any length", () => {
    const graph = graphOf((b, float, typed) => [
      b.matmul(b.oneHot(typed("int64")("ids", "batch"), CLASSES), float("W", CLASSES, 4)),
    ]);
    expect(changes(matmulBeforeGather, graph, short)).toMatchInlineSnapshot(`
      "
      -  onehot: f32[batch, 3] = OneHot(ids, depth=3)
      -  matmul: f32[batch, 4] = MatMul(onehot, W)
      -  output matmul
      +  gather: f32[batch, 4] = Gather(W, ids, axis=0)
      +  output gather
      "
    `);
  });

  test("adds a vector to the table in either order", () => {
    const graph = graphOf((b, float, typed) => [
      b.add(float("b", 2), b.gather(float("E", CLASSES, 2), typed("int64")("ids", "batch", "time"), 0)),
    ]);
    expect(changes(matmulBeforeGather, graph, long)).toMatchInlineSnapshot(`
      "
      -  gather: f32[batch, time, 2] = Gather(E, ids, axis=0)
      -  add: f32[batch, time, 2] = Add(b, gather)
      -  output add
      +  add: f32[3, 2] = Add(E, b)
      +  gather: f32[batch, time, 2] = Gather(add, ids, axis=0)
      +  output gather
      "
    `);
  });

  test("keeps a Gather of another axis or of one row, matrix addends, and a one-hot on the right", () => {
    expectUntouched(
      matmulBeforeGather,
      graphOf((b, float, typed) => {
        const ids = typed("int64")("ids", "time", "batch");
        const [e, w] = [float("E", CLASSES, 2), float("W", 2, 4)];
        const picked = b.gather(e, ids, 0);
        return [
          b.matmul(b.gather(float("F", 2, 2), typed("int64")("columns", 2), 1), w),
          b.add(picked, float("c", "batch", 2)),
          b.add(picked, float("one", 1)),
          b.add(b.gather(e, typed("int64")("id"), 0), float("v", 2)),
          b.matmul(float("x", 2, 2), b.oneHot(typed("int64")("two", 2), CLASSES)),
          b.matmul(b.gather(float("G", CLASSES, 2, 2), typed("int64")("many", 5), 0), w),
        ];
      }),
      long,
    );
  });

  test("applies in loop bodies", () => {
    const graph = graphOf((b, float, typed) => {
      const [e, w] = [float("E", CLASSES, 2), float("W", 2, 2)];
      return loop(b, [float("h", 5, 2)], [typed("int64")("ids", "time", 5)], ({ add, gather, matmul }, [h], [id]) => [
        [add(h, matmul(gather(e, id, 0), w))],
        [],
      ]);
    });
    expect(changes(matmulBeforeGather, graph, long)).toMatchInlineSnapshot(`
      "
         scan: f32[5, 2] = Scan(length=time)
           state h.1: f32[5, 2] = h
           slice ids.1: i64[5] = ids
           capture E, W
      -    gather: f32[5, 2] = Gather(E, ids.1, axis=0)
      -    matmul: f32[5, 2] = MatMul(gather, W)
      -    add: f32[5, 2] = Add(h.1, matmul)
      +    matmul: f32[3, 2] = MatMul(E, W)
      +    gather: f32[5, 2] = Gather(matmul, ids.1, axis=0)
      +    add: f32[5, 2] = Add(h.1, gather)
           next h.1 = add
         output scan
      "
    `);
  });
});
