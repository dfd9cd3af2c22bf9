/** Learning-rate schedules against reference rates, in float64 and in onnxruntime. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { resolveOptimizer } from "../../../compiler/training/resolve-optimizer.js";
import { scheduleFactor } from "../../../compiler/training/schedules/index.js";
import { base, normal } from "../../support/read-spec.js";
import { expectClose, readFixture } from "../../support/reference-numbers.js";
import { modelOf, run } from "../../support/run-graph.js";

interface Case {
  readonly name: string;
  readonly learning_rate: number;
  readonly schedule: object;
  readonly values: readonly number[];
}

const { schedules } = readFixture<{ readonly schedules: readonly Case[] }>("optimizers.json");

describe("every schedule has the reference learning rates of the first ten updates", () => {
  test("six reference cases", () => {
    expect(schedules.map(({ values }) => values.length)).toEqual(new Array(6).fill(10));
  });

  test.each(schedules)("$name", async ({ learning_rate, schedule, values }) => {
    const { spec } = await normal({ ...base, optimizer: { type: "sgd", learning_rate, schedule } });
    const b = graphBuilder("schedule");
    const n = b.input("n", { dtype: "float32", shape: [10] });
    const graph = b.finish([b.mul(scheduleFactor(resolveOptimizer(spec).schedule, b, n), learning_rate)]);
    const steps = tensor("float32", [10], [...values.keys()]);
    const expected = { shape: [10], data: values };
    expectClose(evaluate(graph, [steps])[0], expected, 1e-12, "in float64");
    expectClose((await run(await modelOf(graph, 18), [steps]))[0], expected, 1e-7, "in onnxruntime");
  });
});

const later = (values: readonly number[]) => values.map((value) => Number(value.toFixed(12)));
const numbers = (count: number, value: (n: number) => number) => Array.from({ length: count }, (_, n) => value(n));

test.each<[object, readonly number[]]>([
  [{ type: "step_decay", every: 4, factor: 0.5 }, numbers(12, (n) => 0.5 ** Math.floor(n / 4))],
  [{ type: "step_decay", boundaries: [3, 5], factor: 0.5 }, numbers(8, (n) => (n < 3 ? 1 : n < 5 ? 0.5 : 0.25))],
  [{ type: "step_decay", boundaries: [6, 2], factor: [0.1, 0.5] }, numbers(8, (n) => (n < 2 ? 1 : n < 6 ? 0.5 : 0.05))],
  [{ type: "polynomial_decay", decay_steps: 4 }, [1, 0.75, 0.5, 0.25, 0, 0]],
  [
    { type: "polynomial_decay", decay_steps: 4, power: 2, minimum_ratio: 0.2 },
    [1, 0.75, 0.5, 0.25, 0, 0].map((remaining) => 0.2 + 0.8 * remaining ** 2),
  ],
  [{ type: "inverse_sqrt", decay_steps: 3 }, numbers(10, (n) => 1 / Math.sqrt(1 + n / 3))],
  // A. Vaswani et al.: min(N^-1/2, N * w^-3/2) of update N, here with 1 at the top, N = w.
  [
    { type: "inverse_sqrt", decay_steps: 4, warmup_steps: 4 },
    numbers(10, (n) => (n < 4 ? (n + 1) / 4 : Math.sqrt(4 / n))),
  ],
  [
    { type: "exponential_decay", decay_steps: 2, decay_rate: 0.5, warmup_steps: 3 },
    numbers(8, (n) => (n < 3 ? (n + 1) / 3 : 0.5 ** ((n - 3) / 2))),
  ],
  [{ type: "step_decay", every: 2, factor: 0.5, warmup_steps: 2 }, [0.5, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]],
  [{ type: "plateau", warmup_steps: 2 }, [0.5, 1, 1, 1]],
  [{ type: "constant" }, [1, 1, 1]],
])("%j", async (schedule, values) => {
  const { spec } = await normal({ ...base, optimizer: { type: "sgd", learning_rate: 1, schedule } });
  const b = graphBuilder("schedule");
  const n = b.input("n", { dtype: "float32", shape: [values.length] });
  const factor = scheduleFactor(resolveOptimizer(spec).schedule, b, n);
  const graph = b.finish([b.mul(factor, b.expand(b.scalar(1), [values.length]))]);
  const steps = tensor("float32", [values.length], [...values.keys()]);
  expect(later([...(evaluate(graph, [steps])[0]?.data ?? [])])).toEqual(later(values));
  const expected = { shape: [values.length], data: values };
  expectClose((await run(await modelOf(graph, 18), [steps]))[0], expected, 1e-6, "in onnxruntime");
});
