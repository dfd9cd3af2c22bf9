/** Random graphs: every pass, alone and in its pipelines, preserves the outputs and returns a valid graph. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { printGraph } from "../../../compiler/ir/print/text.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { decompose } from "../../../compiler/optimize/legalize/decompose.js";
import { unroll } from "../../../compiler/optimize/loops/unroll.js";
import {
  ablatablePasses,
  forwardPasses,
  type Pipeline,
  runPasses,
  stepPasses,
} from "../../../compiler/optimize/pipeline.js";
import { graphOf, type Instruction, instructions, operandsOf } from "../../support/random-optimizable-graphs.js";

const context = { expected: new Map<string, number>() };
const optimize = (graph: Graph, pipeline: Pipeline, disabledPasses: readonly string[] = []) =>
  runPasses(graph, pipeline, context, { disabledPasses });

const maxMagnitude = (tensors: readonly Tensor[]) =>
  tensors.reduce((maximum, { data }) => data.reduce((x, entry) => Math.max(x, Math.abs(entry)), maximum), 1);

/** A random graph and its outputs. Graphs with large values are rejected. */
function randomGraph(steps: readonly Instruction[], seed: number) {
  const graph = verify(graphOf(steps), "growth");
  const operands = operandsOf(seed);
  const outputs = evaluate(graph, operands);
  fc.pre(maxMagnitude(outputs) < 1e4);
  return { graph, operands, outputs };
}

function expectSame(actual: readonly Tensor[], expected: readonly Tensor[], after = "the passes"): void {
  expect(actual.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual(
    expected.map(({ dtype, shape }) => ({ dtype, shape })),
  );
  const tolerance = 1e-9 * maxMagnitude(expected);
  actual.forEach(({ data }, index) => {
    data.forEach((entry, position) => {
      const difference = Math.abs(entry - (expected[index]?.data[position] ?? Number.NaN));
      if (!(difference <= tolerance))
        throw new Error(`after ${after}, output ${index} differs by ${difference} at ${position}`);
    });
  });
}

const RUNS = 60;

describe("a random graph has the same values", () => {
  test("after each pass alone", () => {
    fc.assert(
      fc.property(instructions, fc.nat(999), (steps, seed) => {
        const { graph, operands, outputs } = randomGraph(steps, seed);
        for (const pass of [...ablatablePasses, unroll, decompose]) {
          const result = verify(pass.run(graph, context), pass.name);
          expectSame(evaluate(result, operands), outputs, pass.name);
        }
      }),
      { seed: 1, numRuns: RUNS },
    );
  });

  test("after the passes of the forward graph and of the step", () => {
    fc.assert(
      fc.property(instructions, fc.nat(999), (steps, seed) => {
        const { graph, operands, outputs } = randomGraph(steps, seed);
        for (const pipeline of [forwardPasses, stepPasses])
          expectSame(evaluate(optimize(graph, pipeline), operands), outputs);
      }),
      { seed: 2, numRuns: RUNS },
    );
  });

  test("after the passes of the step without some of them", () => {
    const names = ablatablePasses.map(({ name }) => name);
    fc.assert(
      fc.property(instructions, fc.nat(999), fc.subarray(names), (steps, seed, disabledPasses) => {
        const { graph, operands, outputs } = randomGraph(steps, seed);
        expectSame(evaluate(optimize(graph, stepPasses, disabledPasses), operands), outputs);
      }),
      { seed: 3, numRuns: RUNS },
    );
  });
});

test("the gradient of the optimized graph equals that of the original", () => {
  fc.assert(
    fc.property(instructions, fc.nat(999), (steps, seed) => {
      const { graph, operands } = randomGraph(steps, seed);
      const wrt = graph.inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
      const gradients = evaluate(differentiate(graph, 0, wrt), operands);
      fc.pre(maxMagnitude(gradients) < 1e6);
      const optimized = verify(differentiate(optimize(graph, forwardPasses), 0, wrt), "differentiate");
      expectSame(evaluate(optimized, operands), gradients);
      expectSame(evaluate(optimize(optimized, stepPasses), operands), gradients);
    }),
    { seed: 4, numRuns: RUNS / 2 },
  );
});

test("the passes of the step change nothing when they run again", () => {
  fc.assert(
    fc.property(instructions, (steps) => {
      const once = optimize(graphOf(steps), stepPasses);
      expect(printGraph(optimize(once, stepPasses))).toBe(printGraph(once));
    }),
    { seed: 5, numRuns: RUNS },
  );
});

test("a pass finds nothing new in the result of one that preserves it", () => {
  const preserving = ablatablePasses.filter(({ preserves }) => preserves !== undefined);
  const passOf = (name: string) =>
    at(
      ablatablePasses.filter((pass) => pass.name === name),
      0,
    );
  fc.assert(
    fc.property(instructions, (steps) => {
      for (const pass of preserving) {
        for (const preserved of pass.preserves?.map(passOf) ?? []) {
          const before = preserved.run(graphOf(steps), context);
          if (preserved !== pass && preserved.run(before, context) !== before) continue;
          const after = pass.run(before, context);
          expect(printGraph(preserved.run(after, context)), `${preserved.name} after ${pass.name}`).toBe(
            printGraph(after),
          );
        }
      }
    }),
    { seed: 6, numRuns: RUNS },
  );
});
