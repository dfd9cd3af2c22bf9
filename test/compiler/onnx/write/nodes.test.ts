/** Every primitive, emitted at several opsets, alone and in a loop, against the reference evaluator. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { scan } from "../../../../compiler/graph/scan.js";
import { evaluateDim } from "../../../../compiler/ir/dims.js";
import { roundToFloat16 } from "../../../../compiler/ir/float16.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { DType, Graph, Tensor, Type } from "../../../../compiler/ir/types.js";
import { expectSame } from "../../../support/run-graph.js";
import { type Case, cases } from "./cases.js";

const OPSETS = [13, 15, 17, 18, 21, 23, 25];
const SIZES = new Map([
  ["batch", 2],
  ["time", 3],
]);

/** The same case within the body of a loop over two steps that scans every operand. */
function inLoop({ operands, build }: Case): Graph {
  const b = graphBuilder("outside");
  const scans = Object.entries(operands).map(([name, { dtype, shape }]) =>
    b.input(name, { dtype, shape: ["steps", ...shape] }),
  );
  const { scanOutputs: stacked } = scan(b, "inside", { initial: [], scans }, (inner, _, slices) => ({
    next: [],
    scanOutputs: build(inner, slices),
  }));
  return b.finish(stacked);
}

function singleOpGraph({ operands, build }: Case): Graph {
  const b = graphBuilder("alone");
  const inputs = Object.entries(operands).map(([name, type]) => b.input(name, type));
  return b.finish(build(b, inputs));
}

/** Numbers that look random, the same on every run. */
function feed(type: Type, sizes: ReadonlyMap<string, number>, seed: number, values?: readonly number[]): Tensor {
  const shape = type.shape.map((dim) => evaluateDim(dim, sizes) ?? 0);
  const count = shape.reduce((product, size) => product * size, 1);
  const entry: { readonly [D in DType]: (x: number) => number } = {
    float32: Math.fround,
    float16: roundToFloat16,
    int64: Math.trunc,
    int32: Math.trunc,
    bool: (x) => (x > 0 ? 1 : 0),
  };
  const data = Array.from({ length: count }, (_, index) =>
    values === undefined
      ? entry[type.dtype](2 * Math.sin(12.9898 * (index + 1) + 78.233 * seed))
      : (values[index % values.length] ?? 0),
  );
  return tensor(type.dtype, shape, data);
}

function feeds({ operands, feed: feedValues = {} }: Case, steps: number | undefined): readonly Tensor[] {
  const sizes = new Map(SIZES).set("steps", steps ?? 0);
  return Object.entries(operands).map(([name, { dtype, shape }], index) =>
    feed({ dtype, shape: steps === undefined ? shape : ["steps", ...shape] }, sizes, index, feedValues[name]),
  );
}

describe.each(OPSETS)("opset %i", (opset) => {
  for (const [op, variants] of Object.entries(cases)) {
    for (const [variant, variantCase] of Object.entries(variants)) {
      if (opset < (variantCase.since ?? 13)) {
        test(`${op}, ${variant}: refused`, async () => {
          await expect(expectSame(singleOpGraph(variantCase), feeds(variantCase, undefined), opset)).rejects.toThrow(
            `opset ${opset} has no `,
          );
        });
        continue;
      }
      test(`${op}, ${variant}`, async () => {
        await expectSame(singleOpGraph(variantCase), feeds(variantCase, undefined), opset);
      });
      test(`${op}, ${variant}, in a loop`, async () => {
        await expectSame(inLoop(variantCase), feeds(variantCase, 2), opset);
      });
    }
  }
});
