/** The columns of a short table are split instead of those of the gathered rows. */
import { expect, test } from "vitest";
import { splitBeforeGather } from "../../../../compiler/optimize/kernels/split-before-gather.js";
import { CLASSES, changes, expectUntouched, graphOf } from "../../../support/before-after.js";

const long = { expected: { batch: 50, time: 50 } };

const gathered = (axis: number, { isReadTwice = false, rows: count = CLASSES } = {}) =>
  graphOf((b, float, typed) => {
    const rows = b.gather(float("E", count, 4), typed("int64")("ids", 4, "batch"), 0);
    return [...b.split(rows, [1, 3], axis), ...(isReadTwice ? [b.exp(rows)] : [])];
  });

test("splits a table with fewer rows than indices", () => {
  expect(changes(splitBeforeGather, gathered(2), long)).toMatchInlineSnapshot(`
    "
    -  gather: f32[4, batch, 4] = Gather(E, ids, axis=0)
    -  split: f32[4, batch, 1], split.1: f32[4, batch, 3] = Split(gather, axis=2, sizes=[1, 3])
    -  output split
    -  output split.1
    +  split: f32[3, 1], split.1: f32[3, 3] = Split(E, axis=1, sizes=[1, 3])
    +  gather: f32[4, batch, 1] = Gather(split, ids, axis=0)
    +  gather.1: f32[4, batch, 3] = Gather(split.1, ids, axis=0)
    +  output gather
    +  output gather.1
    "
  `);
});

test("keeps a longer table, a split of other axes, and rows that are read elsewhere", () => {
  expectUntouched(splitBeforeGather, gathered(2, { rows: 50 }), { expected: { batch: 2 } });
  expectUntouched(splitBeforeGather, gathered(0), long);
  expectUntouched(splitBeforeGather, gathered(2, { isReadTwice: true }), long);
});
