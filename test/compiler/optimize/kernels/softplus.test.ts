/** Softplus by exp and log, with equal values. */
import { expect, test } from "vitest";
import { softplus } from "../../../../compiler/optimize/kernels/softplus.js";
import { expectUntouched, graphOf, resultOf } from "../../../support/before-after.js";

const graph = graphOf((b, float) => [b.softplus(b.mul(float("x", "batch", 8), 40))]);

test("of many numbers has other operators; of a few, and of exported models, it is the operator", () => {
  expect(resultOf(softplus, graph, { expected: { batch: 512 } })).not.toContain("Softplus");
  expectUntouched(softplus, graph, { expected: { batch: 8 } });
  expect(softplus.run(graph, { expected: new Map([["batch", 512]]), opset: 17 })).toBe(graph);
});
