/** The reference learning-rate schedules, in float64 and in onnxruntime. */
import { describe, expect, test } from "vitest";
import { scheduleFactor } from "../../compiler/elaborate/schedules/index.js";
import { graphBuilder } from "../../compiler/graph/build.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { tensor } from "../../compiler/ir/tensor.js";
import { modelOf, run } from "../emit/session.js";
import { base, normal } from "../schema/spec.js";
import { expectClose, readFixture } from "./numbers.js";

interface Case {
  readonly name: string;
  readonly learning_rate: number;
  readonly schedule: object;
  readonly values: readonly number[];
}

const { schedules } = readFixture<{ readonly schedules: readonly Case[] }>("optimizers.json");

describe("every schedule gives the reference learning rates of the first ten updates", () => {
  test("there are six", () => {
    expect(schedules.map(({ values }) => values.length)).toEqual(new Array(6).fill(10));
  });

  test.each(schedules)("$name", async ({ learning_rate, schedule, values }) => {
    const { spec } = await normal({ ...base, optimizer: { type: "sgd", learning_rate, schedule } });
    const b = graphBuilder("schedule");
    const n = b.input("n", { dtype: "float32", shape: [10] });
    const graph = b.finish([b.mul(scheduleFactor(spec.optimizer.schedule, b, n), learning_rate)]);
    const counted = tensor("float32", [10], [...values.keys()]);
    const wanted = { shape: [10], data: values };
    expectClose(evaluate(graph, [counted])[0], wanted, 1e-12, "in float64");
    expectClose((await run(await modelOf(graph, 18), [counted]))[0], wanted, 1e-7, "in onnxruntime");
  });
});
