/** Operators of newer opsets in place of the primitives of an exported model. */
import { describe, expect, test } from "vitest";
import { applyActivation } from "../../../../compiler/elaborate/activations.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { builtInFunctions } from "../../../../compiler/language/functions/index.js";
import { constantFold } from "../../../../compiler/optimize/canonicalize/constant-fold.js";
import { simplify } from "../../../../compiler/optimize/canonicalize/simplify/index.js";
import { fuseOperators } from "../../../../compiler/optimize/kernels/fuse-operators.js";
import type { Pass } from "../../../../compiler/optimize/pass.js";
import { expectUntouched, graphOf, type Inputs, resultOf } from "../../../support/before-after.js";

/** On constants that are numbers, as in an exported model. */
const fuse: Pass = {
  name: "fuse",
  description: "",
  run: (graph, context) => {
    const prepared = simplify.run(constantFold.run(graph, context), context);
    return simplify.run(fuseOperators.run(prepared, context), context);
  },
};

const activation = (name: "gelu" | "gelu_tanh", b: Builder, x: Value) =>
  applyActivation(b, name, x, builtInFunctions) as Value;

const rms = (b: Builder, x: Value) => b.div(x, b.sqrt(b.add(b.mean(b.mul(x, x), [-1], true), 1e-5)));

interface Heads {
  readonly group?: number;
  readonly bias?: (float: Inputs) => Value;
}

/** Attention over heads, time-major; the queries of a group of heads are rows of one product. */
function attention(b: Builder, float: Inputs, { group = 1, bias }: Heads): Value {
  const keys = b.transpose(float("k", "words", "batch", 2, 4), [1, 2, 3, 0]);
  const values = b.transpose(float("v", "words", "batch", 2, 4), [1, 2, 0, 3]);
  const queries = float("q", "batch", 2, group * 3, 4);
  const product = b.matmul(queries, keys);
  const scores = group === 1 ? product : b.reshape(product, ["batch", 2 * group, 3, "words"]);
  const weights = b.softmax(bias === undefined ? scores : b.add(scores, bias(float)));
  return b.matmul(group === 1 ? weights : b.reshape(weights, ["batch", 2, group * 3, "words"]), values);
}

describe("fuse-operators", () => {
  test.each([
    ["gelu", "none", 13],
    ["gelu_tanh", "tanh", 20],
  ] as const)("fuses %s, approximate %s, in exported models from opset %i on", (name, approximate, first) => {
    const graph = graphOf((b, float) => [activation(name, b, float("x", "batch", 4))]);
    const text = resultOf(fuse, graph, { opset: first });
    expect(text).toMatch(new RegExp(`^\\s*gelu: .* = Gelu\\(x, approximate=${approximate}\\)`));
    expect(resultOf(fuse, graph, { opset: first - 1 })).not.toMatch(/Gelu/);
    expect(resultOf(fuse, graph)).not.toMatch(/Gelu/);
  });

  test("keeps functions that are almost a gelu", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", "batch", 4), float("y", "batch", 4)];
      const half = (curve: Value) => b.add(b.mul(curve, 0.5), 0.5);
      return [
        b.mul(x, half(b.erf(b.mul(x, 0.7)))),
        b.mul(y, half(b.erf(b.mul(x, Math.SQRT1_2)))),
        b.mul(x, b.add(b.mul(b.erf(b.mul(x, Math.SQRT1_2)), 0.5), 1)),
        b.mul(x, half(b.tanh(b.mul(x, b.add(b.mul(b.mul(x, x), 0.0357), 0.7979))))),
      ];
    });
    expectUntouched(fuseOperators, graph, { opset: 25 });
  });

  test("fuses a root-mean-square normalization with its gain from opset 23 on", () => {
    const graph = graphOf((b, float) => [b.mul(float("gain", 4), rms(b, float("x", "batch", 4)))]);
    expect(resultOf(fuse, graph, { opset: 23 })).toMatch(/= RMSNormalization\(x, gain, epsilon=0.00001\)/);
    expect(resultOf(fuse, graph, { opset: 22 })).not.toMatch(/RMSNormalization/);
  });

  test.each<[string, Heads]>([
    ["plain", {}],
    ["with a bias of the steps", { bias: (float) => float("bias", 3, "words") }],
    ["with a bias of each head", { bias: (float) => float("bias", 2, 3, "words") }],
    ["with a bias of each row", { bias: (float) => float("bias", "batch", 1, 3, "words") }],
    ["with a bias of the memory steps", { bias: (float) => float("bias", 1, "words") }],
    ["with a bias of each row's memory", { bias: (float) => float("bias", "batch", 1, 1, "words") }],
    ["of heads that share keys", { group: 2, bias: (float) => float("bias", 3, "words") }],
  ])("fuses attention %s from opset 23 on", (_, heads) => {
    const graph = graphOf((b, float) => [attention(b, float, heads)]);
    const text = resultOf(fuse, graph, { opset: 23 });
    expect(text).toMatch(/= Attention\(/);
    expect(text).not.toMatch(/MatMul|Softmax/);
    expect(resultOf(fuse, graph, { opset: 22 })).not.toMatch(/Attention/);
  });

  test("keeps attention with a bias of each query, and weights that are used otherwise", () => {
    const graph = graphOf((b, float) => {
      const values = float("v", "batch", 2, "words", 4);
      return [
        attention(b, float, { bias: (each) => each("bias", 3, 1) }),
        b.matmul(b.mul(b.softmax(float("s", "batch", 2, 3, "words")), 2), values),
        b.matmul(b.softmax(float("t", "batch", 2, 3, "words")), values),
      ];
    });
    expectUntouched(fuseOperators, graph, { opset: 25 });
  });
});
