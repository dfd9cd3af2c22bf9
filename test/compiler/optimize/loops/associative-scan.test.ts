/** Associative scan: affine loops become parallel prefix scans with equal values. */
import { describe, expect, test } from "vitest";
import { associativeScan, rewriteAsPrefixScans } from "../../../../compiler/optimize/loops/associative-scan.js";
import type { Pass } from "../../../../compiler/optimize/pass.js";
import { buildTrainingStep } from "../../../../compiler/pipeline/training-step.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";
import { normal } from "../../../support/read-spec.js";

/** The pass without its cost decision. */
const always: Pass = { ...associativeScan, run: (graph) => rewriteAsPrefixScans(graph, () => true) };

const smallSizes = { expected: { batch: 2, time: 50 } };

/** h' = a * h + b over some steps, with the last state and all states as outputs. */
const linear = (steps: number, reverse: boolean) =>
  graphOf((b, float) =>
    loop(
      b,
      [float("h", "batch", 2)],
      [float("a", steps, "batch", 2), float("b", steps, "batch", 2)],
      (inner, [h], [a, c]) => {
        const next = inner.add(inner.mul(a, h), c);
        return [[next], [next]];
      },
      reverse,
    ),
  );

describe.each([false, true])("an affine loop, reverse %s", (reverse) => {
  test.each([2, 3, 4, 5, 8, 13, 64, 100])("of %i steps has the same values without a loop", (steps) => {
    expect(resultOf(always, linear(steps, reverse))).not.toContain("Scan");
  });
});

test("one level of the prefix scan", () => {
  expect(resultOf(always, linear(3, false))).toMatchInlineSnapshot(`
    "
      mul: f32[3, batch, 2] = Mul(1.0, a)
      mul.1: f32[3, batch, 2] = Mul(0.0, a)
      add: f32[3, batch, 2] = Add(mul, 0.0)
      add.1: f32[3, batch, 2] = Add(mul.1, b)
      expand: f32[3, batch, 2] = Expand(add)
      expand.1: f32[3, batch, 2] = Expand(add.1)
      slice: f32[2, batch, 2] = Slice(expand, axis=0, start=0, end=2)
      reshape: f32[1, 2, batch, 2] = Reshape(slice)
      split: f32[1, 1, batch, 2], split.1: f32[1, 1, batch, 2] = Split(reshape, axis=1, sizes=[1, 1])
      squeeze: f32[1, batch, 2] = Squeeze(split, axes=[1])
      squeeze.1: f32[1, batch, 2] = Squeeze(split.1, axes=[1])
      slice.1: f32[2, batch, 2] = Slice(expand.1, axis=0, start=0, end=2)
      reshape.1: f32[1, 2, batch, 2] = Reshape(slice.1)
      split.2: f32[1, 1, batch, 2], split.3: f32[1, 1, batch, 2] = Split(reshape.1, axis=1, sizes=[1, 1])
      squeeze.2: f32[1, batch, 2] = Squeeze(split.2, axes=[1])
      squeeze.3: f32[1, batch, 2] = Squeeze(split.3, axes=[1])
      mul.2: f32[1, batch, 2] = Mul(squeeze.1, squeeze)
      mul.3: f32[1, batch, 2] = Mul(squeeze.1, squeeze.2)
      add.2: f32[1, batch, 2] = Add(mul.3, squeeze.3)
      unsqueeze: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      mul.4: f32[1, batch, 2] = Mul(mul.2, unsqueeze)
      add.3: f32[1, batch, 2] = Add(mul.4, add.2)
      unsqueeze.1: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      mul.5: f32[1, batch, 2] = Mul(squeeze, unsqueeze.1)
      add.4: f32[1, batch, 2] = Add(mul.5, squeeze.2)
      unsqueeze.2: f32[1, 1, batch, 2] = Unsqueeze(add.4, axes=[1])
      unsqueeze.3: f32[1, 1, batch, 2] = Unsqueeze(add.3, axes=[1])
      concat: f32[1, 2, batch, 2] = Concat(unsqueeze.2, unsqueeze.3, axis=1)
      reshape.2: f32[2, batch, 2] = Reshape(concat)
      slice.2: f32[1, batch, 2] = Slice(reshape.2, axis=0, start=1, end=2)
      slice.3: f32[1, batch, 2] = Slice(expand, axis=0, start=2, end=3)
      mul.6: f32[1, batch, 2] = Mul(slice.3, slice.2)
      slice.4: f32[1, batch, 2] = Slice(expand.1, axis=0, start=2, end=3)
      add.5: f32[1, batch, 2] = Add(mul.6, slice.4)
      concat.1: f32[3, batch, 2] = Concat(reshape.2, add.5, axis=0)
      unsqueeze.4: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      slice.5: f32[2, batch, 2] = Slice(concat.1, axis=0, start=0, end=2)
      concat.2: f32[3, batch, 2] = Concat(unsqueeze.4, slice.5, axis=0)
      slice.6: f32[1, batch, 2] = Slice(concat.1, axis=0, start=2, end=3)
      squeeze.4: f32[batch, 2] = Squeeze(slice.6, axes=[0])
      mul.7: f32[3, batch, 2] = Mul(a, concat.2)
      add.6: f32[3, batch, 2] = Add(mul.7, b)
      output squeeze.4
      output add.6
    "
  `);
});

test("sums, masks, divisions, states that depend on states, and reads of states before each step", () => {
  const graph = graphOf((b, float, typed) =>
    loop(
      b,
      [float("h", "batch", 2), float("g", "batch", 2)],
      [float("x", 9, "batch", 2), typed("bool")("live", 9, "batch", 1)],
      (inner, [h, g], [x, valid]) => {
        const z = inner.sigmoid(x);
        const h1 = inner.where(valid, inner.sub(inner.mul(inner.sub(1, z), h), inner.neg(inner.mul(z, x))), h);
        // The second state reads the first, through any function.
        const g1 = inner.add(inner.div(inner.sub(g, x), 2), inner.tanh(inner.mul(h, h1)));
        return [
          [h1, g1],
          [inner.tanh(inner.add(h1, g)), z, float("k", 2)],
        ];
      },
    ),
  );
  expect(resultOf(always, graph)).not.toContain("Scan");
});

test("negations, identities, Where and slices of a lower rank are affine too", () => {
  const graph = graphOf((b, float, typed) =>
    loop(b, [float("h", "batch", 2)], [typed("bool")("p", 5, "batch", 1), float("x", 5, 2)], (inner, [h], [p, x]) => {
      const next = inner.where(p, inner.add(inner.neg(inner.identity(h)), x), inner.div(h, x));
      return [[next], [next]];
    }),
  );
  expect(resultOf(always, graph)).not.toContain("Scan");
});

test("keeps loops that are not affine, of symbolic length, or too wide to gain", () => {
  const step = (build: Parameters<typeof loop>[3], ...initial: readonly string[]) =>
    graphOf((b, float) =>
      loop(
        b,
        initial.map((name) => float(name, "batch", 2)),
        [float("x", 8, "batch", 2)],
        build,
      ),
    );
  expectUntouched(
    associativeScan,
    step((b, [h], [x]) => [[b.tanh(b.add(h as never, x as never))], []], "h"),
    smallSizes,
  );
  expectUntouched(
    associativeScan,
    step((b, [h]) => [[b.mul(h as never, h as never)], []], "h"),
    smallSizes,
  );
  expectUntouched(
    associativeScan,
    step((b, [h], [x]) => [[b.div(x as never, h as never)], []], "h"),
    smallSizes,
  );
  // Two states that are each affine in the other: no order solves them.
  expectUntouched(
    associativeScan,
    step((_, [h, g]) => [[g as never, h as never], []], "h", "g"),
    smallSizes,
  );
  expectUntouched(associativeScan, linear(8, false), { expected: { batch: 4096 } });
  const open = graphOf((b, float) =>
    loop(b, [float("h", "batch", 2)], [float("a", "time", "batch", 2)], (inner, [h], [a]) => [[inner.mul(a, h)], []]),
  );
  expectUntouched(always, open);
});

test("a narrow minimal GRU trains without loops, and with two when the pass is disabled", async () => {
  const { spec } = await normal({
    data: { type: "text", text: "hello ".repeat(20), window: 40 },
    model: [
      { layer: "one_hot" },
      { layer: "rnn", cell: "mingru", hidden_size: 4 },
      { layer: "projection", size: "vocabulary" },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  });
  const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
  const sizes = { vocabulary: 5 };
  const signature = { inputs: ids, targets: ids, sizes, steps: 40, expected: { batch: 2, time: 40 } };
  const loops = (disabledPasses: readonly string[]) => {
    const lowering = buildTrainingStep(spec, signature, { disabledPasses });
    if (!lowering.ok) throw new Error("the spec is refused");
    return lowering.trainingStep.step.graph.nodes.filter(({ op }) => op === "Scan").length;
  };
  expect([loops([]), loops(["associative-scan"])]).toEqual([0, 2]);
});
