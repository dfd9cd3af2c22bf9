/** Omission of zero initial states of recurrent operators. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { elideZeroState } from "../../../../compiler/optimize/legalize/elide-zero-state.js";
import { changes, expectUntouched, graphOf, type Inputs } from "../../../support/before-after.js";

const noOptions = { hidden: 3, reverse: false, lengths: false } as const;

/** An RNN node, with the given initial states if any. */
const layer = (b: Builder, float: Inputs, first: readonly Value[]) =>
  b.apply(
    "RNN",
    [float("x", "time", "batch", 2), float("W", 1, 3, 2), float("R", 1, 3, 3), float("B", 1, 6), ...first],
    { ...noOptions, initial: first.length > 0, activations: ["Tanh"] },
  );

test("omits zero states", () => {
  const graph = graphOf((b, float) => layer(b, float, [b.expand(b.scalar(0), [1, "batch", 3])]));
  expect(changes(elideZeroState, graph)).toMatchInlineSnapshot(`
    "
    -  expand: f32[1, batch, 3] = Expand(0.0)
    -  rnn: f32[time, 1, batch, 3], rnn.1: f32[1, batch, 3] = RNN(x, W, R, B, expand, hidden=3, initial, activations=[Tanh])
    +  rnn: f32[time, 1, batch, 3], rnn.1: f32[1, batch, 3] = RNN(x, W, R, B, hidden=3, activations=[Tanh])
       output rnn
       output rnn.1
    "
  `);
});

test("keeps other states, and nodes without states", () => {
  expectUntouched(
    elideZeroState,
    graphOf((b, float) => layer(b, float, [float("h", 1, "batch", 3)])),
  );
  expectUntouched(
    elideZeroState,
    graphOf((b, float) => layer(b, float, [])),
  );
});
