/** Simplification of data movement. */
import { describe, expect, test } from "vitest";
import { simplify } from "../../../../../compiler/optimize/canonicalize/simplify/index.js";
import { changes, expectUntouched, graphOf, resultOf } from "../../../../support/before-after.js";

describe("simplify", () => {
  test("removes moves that change nothing", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", "batch", 3);
      return [
        b.reshape(x, ["batch", 3]),
        b.expand(x, ["batch", 3]),
        b.transpose(x, [0, 1]),
        b.unsqueeze(x, []),
        b.squeeze(x, []),
        b.concat([x], 1),
        ...b.split(x, [3], 1),
        b.slice(x, 0, 0, "batch"),
        b.pad(x, 1, 0, 0),
      ];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        output x
        output x
        output x
        output x
        output x
        output x
        output x
        output x
        output x
      "
    `);
  });

  test("composes two moves of a kind", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2, 3, 1);
      return [
        b.reshape(b.reshape(x, [6]), [3, 2]),
        b.reshape(b.squeeze(x, [2]), [6]),
        b.reshape(b.unsqueeze(x, [0]), [6]),
        b.expand(b.expand(x, [2, 3, 4]), [5, 2, 3, 4]),
        b.transpose(b.transpose(x, [1, 2, 0]), [1, 0, 2]),
      ];
    });
    expect(changes(simplify, graph)).toMatchInlineSnapshot(`
      "
      -  reshape: f32[6] = Reshape(x)
      -  reshape.1: f32[3, 2] = Reshape(reshape)
      -  squeeze: f32[2, 3] = Squeeze(x, axes=[2])
      -  reshape.2: f32[6] = Reshape(squeeze)
      -  unsqueeze: f32[1, 2, 3, 1] = Unsqueeze(x, axes=[0])
      -  reshape.3: f32[6] = Reshape(unsqueeze)
      -  expand: f32[2, 3, 4] = Expand(x)
      -  expand.1: f32[5, 2, 3, 4] = Expand(expand)
      -  transpose: f32[3, 1, 2] = Transpose(x, perm=[1, 2, 0])
      -  transpose.1: f32[1, 3, 2] = Transpose(transpose, perm=[1, 0, 2])
      +  reshape: f32[3, 2] = Reshape(x)
      +  reshape.1: f32[6] = Reshape(x)
      +  reshape.2: f32[6] = Reshape(x)
      +  expand: f32[5, 2, 3, 4] = Expand(x)
      +  transpose: f32[1, 3, 2] = Transpose(x, perm=[2, 1, 0])
      +  output reshape
         output reshape.1
         output reshape.2
      -  output reshape.3
      -  output expand.1
      -  output transpose.1
      +  output expand
      +  output transpose
      "
    `);
  });

  test("cancels inverse moves", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2, 1);
      return [
        b.transpose(b.transpose(x, [1, 0]), [1, 0]),
        b.squeeze(b.unsqueeze(x, [1]), [1]),
        b.unsqueeze(b.squeeze(x, [1]), [1]),
        b.reshape(b.reshape(x, [2]), [2, 1]),
      ];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        output x
        output x
        output x
        output x
      "
    `);
  });

  test("cancels Split of Concat, and Concat of all outputs of a Split", () => {
    const graph = graphOf((b, float) => {
      const [x, y, z] = [float("x", 2, 3), float("y", 2, 1), float("z", 2, 4)];
      return [...b.split(b.concat([x, y], 1), [3, 1], 1), b.concat(b.split(z, [1, 2, 1], 1), 1)];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        output x
        output y
        output z
      "
    `);
  });

  test("keeps moves of other axes, other split sizes, other orders and missing outputs", () => {
    expectUntouched(
      simplify,
      graphOf((b, float) => {
        const [x, y, z] = [float("x", 2, 2), float("y", 2, 2), float("z", 2, 4)];
        const [first = z, second = z, third = z] = b.split(z, [1, 2, 1], 1);
        return [
          ...b.split(b.concat([x, y], 1), [1, 3], 1),
          ...b.split(b.concat([x, y], 0), [2, 0], 1),
          b.concat([second, first, third], 1),
          b.concat([first, second], 1),
          b.squeeze(b.unsqueeze(float("u", 1, 2), [2]), [0]),
        ];
      }),
    );
  });
});
