/** Recurrences in blocks: wide elementwise states, computed again for the gradient, with the values of the loop. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { inline } from "../../../../compiler/graph/rewrite.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import type { Pass, PassContext, RecurrenceForm } from "../../../../compiler/optimize/pass.js";
import { forwardPasses, runPasses, stepPasses } from "../../../../compiler/optimize/pipeline.js";
import { rewriteSolvable, solveRecurrences } from "../../../../compiler/optimize/recurrences/solve-recurrences.js";
import { expectSameValues, graphOf, loop, resultOf, sizes } from "../../../support/before-after.js";

const [D, N] = [12, 12];
/** A step whose state reads a value that is as wide, which leaves it in a loop. */
const AS_WIDE = "a state that reads another, a window of one step";

/** The pass with blocks of some steps in place of its cost decision. */
const inBlocks = (size: number): Pass => ({
  ...solveRecurrences,
  run: (graph) => rewriteSolvable(graph, { expected: sizes }, () => ({ matrix: 0, block: () => size })),
});

type Slices = Readonly<Record<"dt" | "v" | "q" | "live", Value>>;
/** A step of two states [batch, D, N] from its slices and the captured rates [D, N]. */
type Step = (b: Builder, states: readonly [Value, Value], x: Slices, rates: Value) => readonly [Value, Value, Value];

const outer = (b: Builder, v: Value, k: Value) => b.mul(b.unsqueeze(v, [2]), b.unsqueeze(k, [1]));
const read = (b: Builder, state: Value, q: Value) => b.sum(b.mul(state, b.unsqueeze(q, [1])), [2]);
const decay = (b: Builder, dt: Value, rates: Value) =>
  b.exp(b.neg(b.mul(b.unsqueeze(b.softplus(dt), [2]), b.exp(b.sin(rates)))));

const steps: Readonly<Record<string, Step>> = {
  "a decay of its own for each entry": (b, [s, r], { dt, v, q }, rates) => {
    const next = b.add(b.mul(decay(b, dt, rates), s), outer(b, b.mul(dt, v), q));
    return [next, r, read(b, next, q)];
  },
  "a state read before its step": (b, [s, r], { dt, v, q }, rates) => [
    b.sub(b.mul(s, decay(b, dt, rates)), outer(b, v, q)),
    r,
    b.tanh(read(b, s, q)),
  ],
  "padded steps": (b, [s, r], { dt, v, q, live }, rates) => {
    const next = b.add(b.mul(decay(b, dt, rates), s), outer(b, v, q));
    return [b.where(b.unsqueeze(live, [2]), next, s), r, b.where(live, read(b, next, q), 0)];
  },
  "a pair of states, as the parts of a complex number": (b, [s, r], { dt, v, q }, rates) => {
    const [x, y] = [b.cos(b.mul(b.unsqueeze(dt, [2]), rates)), b.sin(b.mul(b.unsqueeze(dt, [2]), rates))];
    const next = b.add(b.sub(b.mul(x, s), b.mul(y, r)), outer(b, v, q));
    return [next, b.add(b.mul(y, s), b.mul(x, r)), read(b, b.add(next, r), q)];
  },
  [AS_WIDE]: (b, [s, r], { dt, v, q }, rates) => [
    outer(b, v, q),
    b.add(b.mul(decay(b, dt, rates), r), s),
    read(b, r, q),
  ],
};

const graphFor = (step: Step, time: number, reverse: boolean): Graph =>
  graphOf((b, float, typed) => {
    const rates = float("rates", D, N);
    const slices = [
      float("dt", time, "batch", D),
      float("v", time, "batch", D),
      float("q", time, "batch", N),
      typed("bool")("live", time, "batch", 1),
    ] as const;
    return loop(
      b,
      [float("s", "batch", D, N), float("r", "batch", D, N)],
      slices,
      (inner, states, [dt, v, q, live]) => {
        const [s, r, output] = step(inner, states, { dt, v, q, live }, rates);
        return [[s, r], [output]];
      },
      reverse,
    );
  });

function gradientOf(graph: Graph): Graph {
  const b = graphBuilder("loss");
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const outputs = inline(b, graph, inputs);
  const loss = outputs.map((output) => b.sum(b.mul(b.sin(output), output))).reduce((x, y) => b.add(x, y));
  const floats = inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
  return differentiate(b.finish([loss, ...outputs]), 0, floats);
}

describe.each(Object.keys(steps))("%s", (name) => {
  test.each([
    [6, 2, false],
    [7, 3, true],
    [7, 2, false],
    [3, 4, true],
  ])("%i steps in blocks of %i, reverse %s: equal values and gradients", (time, size, reverse) => {
    const graph = graphFor(steps[name] as Step, time, reverse);
    expect(resultOf(inBlocks(size), graph).includes("rematerialize")).toBe(name !== AS_WIDE);
    const optimized = (pass: Pass | undefined) => {
      const context = { expected: sizes };
      const forward = runPasses(pass ? pass.run(graph, context) : graph, forwardPasses, context, {
        disabledPasses: ["solve-recurrences"],
      });
      return runPasses(gradientOf(forward), stepPasses, context);
    };
    expectSameValues(optimized(inBlocks(size)), optimized(undefined));
  });
});

describe("the choice", () => {
  const context = (batch: number, recurrence?: RecurrenceForm): PassContext => ({
    expected: new Map([["batch", batch]]),
    recurrence,
  });
  const lengths = (graph: Graph): readonly number[] =>
    graph.nodes.flatMap((node) =>
      node.op === "Scan" ? [Number(node.attributes.length), ...lengths(node.attributes.body)] : [],
    );
  const step = steps["a decay of its own for each entry"] as Step;
  const formOf = (time: number, ...given: Parameters<typeof context>) =>
    lengths(solveRecurrences.run(graphFor(step, time, false), context(...given)));

  test("is blocks where the states of all steps exceed the cache, or on request", () => {
    expect(formOf(2048, 64)).toEqual([256, 8, 2048]);
    expect(formOf(2048, 4)).toEqual([2048]);
    expect(formOf(2048, 1024, "loop")).toEqual([2048]);
    expect(formOf(2048, 1024, "scan")).toEqual([2048]);
    expect(formOf(64, 8, "chunkwise")).toEqual([2, 32, 64]);
  });

  test("is the loop where what enters or leaves a step is as wide as the state, or the state is not linear", () => {
    const wideOutput: Step = (b, [s, r], { dt, v, q }, rates) => {
      const next = b.add(b.mul(decay(b, dt, rates), s), outer(b, v, q));
      return [next, r, b.tanh(next)];
    };
    const nonlinear: Step = (b, [s, r], { v, q }) => [b.tanh(b.add(s, outer(b, v, q))), r, read(b, s, q)];
    for (const each of [wideOutput, nonlinear])
      expect(resultOf(inBlocks(2), graphFor(each, 6, false))).not.toContain("rematerialize");
  });
});
