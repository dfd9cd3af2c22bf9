/** Associative scan: affine loops become parallel prefix scans with equal values. */
import { describe, expect, test } from "vitest";
import type { Pass } from "../../../../compiler/optimize/pass.js";
import { associativeScan, rewriteElementwise } from "../../../../compiler/optimize/recurrences/associative-scan.js";
import { buildTrainingStep } from "../../../../compiler/pipeline/training-step.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";
import { normal } from "../../../support/read-spec.js";

/** The pass without its cost decision. */
const always: Pass = { ...associativeScan, run: (graph) => rewriteElementwise(graph, () => ({ form: "scan" })) };

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

/** The chunkwise form, without its cost decision. */
const inChunks = (chunk: number): Pass => ({
  ...associativeScan,
  run: (graph) => rewriteElementwise(graph, () => ({ form: "chunkwise", chunk })),
});

describe.each([false, true])("an affine loop, reverse %s", (reverse) => {
  test.each([
    [2, 2],
    [3, 2],
    [8, 4],
    [13, 4],
    [5, 8],
    [64, 8],
  ])("of %i steps in chunks of %i has the same values without a loop", (steps, chunk) => {
    expect(resultOf(inChunks(chunk), linear(steps, reverse))).not.toContain("Scan");
  });

  test.each([always, inChunks(4)])("a pair of states, as the parts of a complex number", (pass) => {
    const graph = graphOf((b, float) =>
      loop(
        b,
        [float("h", "batch", 2), float("g", "batch", 2)],
        [float("a", 7, "batch", 2), float("x", 7, "batch", 2)],
        (inner, [h, g], [a, x]) => {
          const c = float("c", 2);
          const h1 = inner.add(inner.sub(inner.mul(a, h), inner.mul(c, g)), x);
          const g1 = inner.add(inner.mul(c, h), inner.mul(a, g));
          return [
            [h1, g1],
            [inner.add(h1, g), inner.sin(g1)],
          ];
        },
        reverse,
      ),
    );
    expect(resultOf(pass, graph)).not.toContain("Scan");
  });

  test.each([always, inChunks(4)])("a running maximum, as of a stabilizer", (pass) => {
    const graph = graphOf((b, float, typed) =>
      loop(
        b,
        [float("m", "batch", 2)],
        [float("f", 7, "batch", 2), float("i", 7, "batch", 1), typed("bool")("live", 7, "batch", 1)],
        (inner, [m], [f, i, live]) => {
          const next = inner.where(live, inner.max(inner.sub(inner.add(f, m), i), i), m);
          return [[next], [inner.exp(inner.sub(m, next))]];
        },
        reverse,
      ),
    );
    expect(resultOf(pass, graph)).not.toContain("Scan");
  });

  test.each([2, 3, 4, 5, 8, 13, 64, 100])("of %i steps has the same values without a loop", (steps) => {
    expect(resultOf(always, linear(steps, reverse))).not.toContain("Scan");
  });
});

test("one level of the prefix scan", () => {
  expect(resultOf(always, linear(3, false))).toMatchInlineSnapshot(`
    "
      mul: f32[3, batch, 2] = Mul(1.0, a)
      slice: f32[2, batch, 2] = Slice(mul, axis=0, start=0, end=2)
      reshape: f32[1, 2, batch, 2] = Reshape(slice)
      split: f32[1, 1, batch, 2], split.1: f32[1, 1, batch, 2] = Split(reshape, axis=1, sizes=[1, 1])
      squeeze: f32[1, batch, 2] = Squeeze(split, axes=[1])
      squeeze.1: f32[1, batch, 2] = Squeeze(split.1, axes=[1])
      slice.1: f32[2, batch, 2] = Slice(b, axis=0, start=0, end=2)
      reshape.1: f32[1, 2, batch, 2] = Reshape(slice.1)
      split.2: f32[1, 1, batch, 2], split.3: f32[1, 1, batch, 2] = Split(reshape.1, axis=1, sizes=[1, 1])
      squeeze.2: f32[1, batch, 2] = Squeeze(split.2, axes=[1])
      squeeze.3: f32[1, batch, 2] = Squeeze(split.3, axes=[1])
      mul.1: f32[1, batch, 2] = Mul(squeeze.1, squeeze)
      mul.2: f32[1, batch, 2] = Mul(squeeze.1, squeeze.2)
      add: f32[1, batch, 2] = Add(mul.2, squeeze.3)
      unsqueeze: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      mul.3: f32[1, batch, 2] = Mul(mul.1, unsqueeze)
      add.1: f32[1, batch, 2] = Add(mul.3, add)
      unsqueeze.1: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      mul.4: f32[1, batch, 2] = Mul(squeeze, unsqueeze.1)
      add.2: f32[1, batch, 2] = Add(mul.4, squeeze.2)
      unsqueeze.2: f32[1, 1, batch, 2] = Unsqueeze(add.2, axes=[1])
      unsqueeze.3: f32[1, 1, batch, 2] = Unsqueeze(add.1, axes=[1])
      concat: f32[1, 2, batch, 2] = Concat(unsqueeze.2, unsqueeze.3, axis=1)
      reshape.2: f32[2, batch, 2] = Reshape(concat)
      slice.2: f32[1, batch, 2] = Slice(reshape.2, axis=0, start=1, end=2)
      slice.3: f32[1, batch, 2] = Slice(mul, axis=0, start=2, end=3)
      slice.4: f32[1, batch, 2] = Slice(b, axis=0, start=2, end=3)
      mul.5: f32[1, batch, 2] = Mul(slice.3, slice.2)
      add.3: f32[1, batch, 2] = Add(mul.5, slice.4)
      concat.1: f32[3, batch, 2] = Concat(reshape.2, add.3, axis=0)
      slice.5: f32[1, batch, 2] = Slice(concat.1, axis=0, start=2, end=3)
      squeeze.4: f32[batch, 2] = Squeeze(slice.5, axes=[0])
      unsqueeze.4: f32[1, batch, 2] = Unsqueeze(h, axes=[0])
      slice.6: f32[2, batch, 2] = Slice(concat.1, axis=0, start=0, end=2)
      concat.2: f32[3, batch, 2] = Concat(unsqueeze.4, slice.6, axis=0)
      mul.6: f32[3, batch, 2] = Mul(a, concat.2)
      add.4: f32[3, batch, 2] = Add(mul.6, b)
      output squeeze.4
      output add.4
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

test("a state that is affine leaves a loop of others, which keep one of their own; sums of terms stay", () => {
  const graph = graphOf((b, float) =>
    loop(
      b,
      [float("h", "batch", 2), float("s", "batch", 2), float("total", "batch", 2)],
      [float("x", 6, "batch", 2)],
      (inner, [h, s, total], [x]) => {
        const h1 = inner.tanh(inner.add(h, x));
        const s1 = inner.add(inner.mul(inner.sigmoid(x), s), h1);
        return [[h1, s1, inner.add(total, inner.mul(h, h1))], [inner.mul(s1, h)]];
      },
    ),
  );
  const lines = resultOf(always, graph).split("\n");
  expect(lines.filter((line) => line.includes("Scan("))).toHaveLength(2);
  expect(lines.filter((line) => line.includes("state "))).toHaveLength(2);
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
  // Three states in a cycle.
  expectUntouched(
    always,
    step((_, [h, g, f]) => [[g as never, f as never, h as never], []], "h", "g", "f"),
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
