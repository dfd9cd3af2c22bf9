/** A layer normalization that is written out becomes the operator, with the gain and the shift after it. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { fuseNormalization } from "../../../../compiler/optimize/kernels/fuse-normalization.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

const rootMeanSquare = (b: Builder, c: Value, axis = -1) =>
  b.div(c, b.sqrt(b.add(b.mean(b.mul(c, c), [axis], true), 1e-5)));
const normalized = (b: Builder, x: Value) => rootMeanSquare(b, b.sub(x, b.mean(x, [-1], true)));

describe("fuse-normalization", () => {
  test("fuses the operations, the gain and the shift", () => {
    const graph = graphOf((b, float) => [
      b.add(float("shift", 4), b.mul(normalized(b, float("x", "batch", 4)), float("gain", 4))),
    ]);
    expect(resultOf(fuseNormalization, graph)).toMatch(/= LayerNormalization\(x, gain, shift, epsilon=0.00001\)/);
    expect(resultOf(fuseNormalization, graph)).not.toMatch(/ReduceMean|Mul|Add/);
  });

  test("fuses in a loop", () => {
    const graph = graphOf((b, float) => {
      const gain = float("gain", 4);
      return loop(b, [float("h", "batch", 4)], [float("x", "time", "batch", 4)], (inner, [h], [x]) => [
        [inner.mul(inner.layerNormalization(inner.add(h, x), 1, undefined, 1e-3), gain)],
        [],
      ]);
    });
    expect(resultOf(fuseNormalization, graph)).toMatch(/= LayerNormalization\(add, gain, epsilon=0.001\)/);
  });

  test("keeps a gain after a shift, a gain of each entry, and a normalization with two readers", () => {
    expectUntouched(
      fuseNormalization,
      graphOf((b, float) => {
        const [x, y, gain] = [float("x", "batch", 4), float("y", "batch", 4), float("gain", 4)];
        const norm = (scale: Value | 1, shift?: Value) => b.layerNormalization(x, scale, shift, 1e-5);
        const shared = norm(1);
        return [
          b.mul(norm(gain, gain), gain),
          b.mul(norm(gain), gain),
          b.mul(norm(1), y),
          b.mul(shared, gain),
          b.tanh(shared),
        ];
      }),
    );
  });

  test("keeps a normalization without a mean, along another axis, and around the mean of another value", () => {
    expectUntouched(
      fuseNormalization,
      graphOf((b, float) => {
        const [x, y] = [float("x", "batch", 4), float("y", "batch", 4)];
        return [
          rootMeanSquare(b, x),
          rootMeanSquare(b, b.sub(x, b.mean(x, [0], true)), 0),
          rootMeanSquare(b, b.sub(x, b.mean(y, [-1], true))),
        ];
      }),
    );
  });
});
