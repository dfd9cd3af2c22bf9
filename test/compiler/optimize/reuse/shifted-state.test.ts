/** Shift: the stack of a state from that of its next value. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { at } from "../../../../compiler/ir/expect.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { reuseShiftedState } from "../../../../compiler/optimize/reuse/shifted-state.js";
import { changes, expectUntouched, graphOf, type Inputs, loop } from "../../../support/before-after.js";

/** A loop that stacks its state before and after each step, and what is made of the two stacks. */
function stacking(
  results: (b: Builder, before: Value, after: Value) => readonly Value[],
  { start = (b: Builder, _: Inputs): Value => b.expand(0, ["batch", 3]), reverse = false } = {},
): Graph {
  return graphOf((b, float) => {
    const step = (inner: Builder, [h]: readonly [Value], [x]: readonly [Value]) => {
      const next = inner.tanh(inner.add(x, h));
      return [[next], [h, next]] as const;
    };
    const loopResult = loop(b, [start(b, float)], [float("x", "time", "batch", 3)], step, reverse);
    return [at(loopResult, 0), ...results(b, at(loopResult, 1), at(loopResult, 2))];
  });
}

const reversed = (b: Builder, before: Value, after: Value) => [
  b.transpose(before, [2, 0, 1]),
  b.transpose(after, [2, 0, 1]),
];

test("a state before each step is the state after the step before", () => {
  expect(changes(reuseShiftedState, stacking(reversed))).toMatchInlineSnapshot(`
    "
       expand: f32[batch, 3] = Expand(0.0)
    -  scan: f32[batch, 3], scan.1: f32[time, batch, 3], scan.2: f32[time, batch, 3] = Scan(length=time)
    +  scan: f32[batch, 3], scan.1: f32[time, batch, 3] = Scan(length=time)
         state state.0: f32[batch, 3] = expand
         slice x.1: f32[batch, 3] = x
         add: f32[batch, 3] = Add(x.1, state.0)
         tanh: f32[batch, 3] = Tanh(add)
         next state.0 = tanh
    -    stack scan.1 = state.0
    -    stack scan.2 = tanh
    +    stack scan.1 = tanh
       transpose: f32[3, time, batch] = Transpose(scan.1, perm=[2, 0, 1])
    -  transpose.1: f32[3, time, batch] = Transpose(scan.2, perm=[2, 0, 1])
    +  pad: f32[3, time, batch] = Pad(transpose, axis=1, before=1, after=-1)
    +  transpose.1: f32[3, time, batch] = Transpose(scan.1, perm=[2, 0, 1])
       output scan
    -  output transpose
    +  output pad
       output transpose.1
    "
  `);
});

test("in a loop from the end, after the step behind", () => {
  expect(changes(reuseShiftedState, stacking(reversed, { reverse: true }))).toMatchInlineSnapshot(`
    "
       expand: f32[batch, 3] = Expand(0.0)
    -  scan: f32[batch, 3], scan.1: f32[time, batch, 3], scan.2: f32[time, batch, 3] = Scan(length=time, reverse)
    +  scan: f32[batch, 3], scan.1: f32[time, batch, 3] = Scan(length=time, reverse)
         state state.0: f32[batch, 3] = expand
         slice x.1: f32[batch, 3] = x
         add: f32[batch, 3] = Add(x.1, state.0)
         tanh: f32[batch, 3] = Tanh(add)
         next state.0 = tanh
    -    stack scan.1 = state.0
    -    stack scan.2 = tanh
    +    stack scan.1 = tanh
       transpose: f32[3, time, batch] = Transpose(scan.1, perm=[2, 0, 1])
    -  transpose.1: f32[3, time, batch] = Transpose(scan.2, perm=[2, 0, 1])
    +  pad: f32[3, time, batch] = Pad(transpose, axis=1, before=-1, after=1)
    +  transpose.1: f32[3, time, batch] = Transpose(scan.1, perm=[2, 0, 1])
       output scan
    -  output transpose
    +  output pad
       output transpose.1
    "
  `);
});

test("not where the other stack is not turned, nor where the state starts elsewhere", () => {
  expectUntouched(
    reuseShiftedState,
    stacking((b, before, after) => [b.transpose(before, [2, 0, 1]), after]),
  );
  expectUntouched(reuseShiftedState, stacking(reversed, { start: (_, float) => float("h", "batch", 3) }));
  expectUntouched(reuseShiftedState, stacking(reversed, { start: (b) => b.expand(1, ["batch", 3]) }));
});
