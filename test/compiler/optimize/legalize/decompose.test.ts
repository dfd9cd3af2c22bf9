/** Decomposition of operations without a WebGPU kernel. */
import { expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { subDims } from "../../../../compiler/ir/dims.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { decompose } from "../../../../compiler/optimize/legalize/decompose.js";
import { changes, expectUntouched, graphOf, type Inputs } from "../../../support/before-after.js";

const lacks: Readonly<
  Record<string, (b: Builder, float: Inputs, typed: (dtype: "int32" | "bool") => Inputs) => Value>
> = {
  LogSoftmax: (b, float) => b.logSoftmax(float("x", 2, 3)),
  LayerNormalization: (b, float) => b.layerNormalization(float("x", 2, 3), float("s", 3), float("t", 3), 1e-5),
  Sign: (b, float) => b.sign(float("x", 2, 3)),
  OneHot: (b, _, typed) => b.oneHot(typed("int32")("i", 2, 3), 4),
  Or: (b, _, typed) => b.or(typed("bool")("p", 2, 3), typed("bool")("q", 3)),
  Neg: (b, _, typed) => b.neg(typed("int32")("i", 2)),
  Abs: (b, _, typed) => b.abs(b.sub(typed("int32")("i", 5), 1)),
  Mod: (b, _, typed) => b.mod(b.sub(typed("int32")("i", 4, 4), 2), b.constant(tensor("int32", [4], [1, 2, 3, 5]))),
  Range: (b) => b.range(5),
  Split: (b, float) => b.add(b.split(float("x", 2, 8), [1, 1, 1, 1, 1, 1, 1, 1], 1)[7] as Value, 1),
  Slice: (b, _, typed) => b.slice(typed("int32")("i", 2, 4), 1, 1, 3),
  Squeeze: (b, _, typed) => b.squeeze(typed("bool")("p", 1, 3), [0]),
  Concat: (b, _, typed) => b.concat([typed("bool")("p", 1, 3), typed("bool")("q", 2, 3)], 0),
  Transpose: (b, _, typed) => b.transpose(typed("bool")("p", 2, 3), [1, 0]),
};

test.each(Object.entries(lacks))("%s", (op, build) => {
  const text = changes(
    decompose,
    graphOf((b, float, typed) => [build(b, float, typed)]),
  );
  expect(text).toMatch(new RegExp(`^-.* ${op}\\(`, "m"));
  if (!["Squeeze", "Concat", "Transpose"].includes(op)) expect(text).not.toMatch(new RegExp(`^\\+.* ${op}\\(`, "m"));
});

test("a remainder of a non-negative operand needs no correction", () => {
  const graph = graphOf((b, float, typed) => {
    const [flags, x] = [typed("bool")("p", "batch", 3), float("x", "batch", 3)];
    const naturals = [
      b.mul(b.range(6), 7),
      b.unsqueeze(b.range("batch"), [1]),
      b.oneHot(b.argmax(x, 1), "batch", "int64"),
      b.mod(typed("int64")("i", "batch"), b.add(b.argmax(x, 1), 1)),
      b.where(flags, 5, b.cast(b.constant(tensor("int32", [3], [1, 2, 3])), "int64")),
      b.cast(flags, "int64"),
    ];
    return naturals.map((value) => b.mod(value, 3));
  });
  // The Where of the operand.
  expect(changes(decompose, graph).match(/= Where\(.*/g)).toHaveLength(1);
});

test("keeps operations with kernels", () => {
  expectUntouched(
    decompose,
    graphOf((b, float, typed) => {
      const x = float("x", 2, 4);
      const [i, words] = [typed("int32")("i", "batch"), float("words", "words")];
      return [
        ...b.split(b.neg(x), [2, 2], 1),
        b.slice(x, 1, 1, 2),
        b.unsqueeze(typed("int32")("k", 3), [0]),
        words,
        // Symbolic sizes.
        b.slice(i, 0, 0, subDims("batch", 1)),
        b.oneHot(i, "words"),
        b.mod(i, b.add(typed("int32")("by"), 1)),
      ];
    }),
  );
});
