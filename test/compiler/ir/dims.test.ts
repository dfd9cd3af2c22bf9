/** Dims are polynomials: equal exactly when they are `===`, with the arithmetic of their sizes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDims,
  broadcastShapes,
  elementCount,
  evaluateDim,
  floorDivDims,
  mulDims,
  printShape,
  quotientOf,
  sameShape,
  subDims,
  substituteSymbols,
  symbolsOf,
  terms,
} from "../../../compiler/ir/dims.js";
import type { Dim } from "../../../compiler/ir/types.js";

const leaf = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom("batch", "time", "hidden_size"));

/** The construction of a dim, to repeat it with numbers. */
type Recipe =
  | { readonly leaf: Dim }
  | { readonly op: "add" | "sub" | "mul"; readonly left: Recipe; readonly right: Recipe }
  | { readonly dividend: Recipe; readonly divisor: number };

const { recipe } = fc.letrec<{ recipe: Recipe }>((recurse) => ({
  recipe: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ leaf }),
    fc.record({
      op: fc.constantFrom<("add" | "sub" | "mul")[]>("add", "sub", "mul"),
      left: recurse("recipe"),
      right: recurse("recipe"),
    }),
    fc.record({ dividend: recurse("recipe"), divisor: fc.integer({ min: 1, max: 4 }) }),
  ),
}));

const onDims = { add: addDims, sub: subDims, mul: mulDims };
const onNumbers = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
};

function make(tree: Recipe): Dim {
  if ("dividend" in tree) return floorDivDims(make(tree.dividend), tree.divisor);
  return "leaf" in tree ? tree.leaf : onDims[tree.op](make(tree.left), make(tree.right));
}

function count(tree: Recipe, sizes: ReadonlyMap<string, number>): number {
  if ("dividend" in tree) return Math.floor(count(tree.dividend, sizes) / tree.divisor);
  if (!("leaf" in tree)) return onNumbers[tree.op](count(tree.left, sizes), count(tree.right, sizes));
  return typeof tree.leaf === "number" ? tree.leaf : (sizes.get(tree.leaf) ?? Number.NaN);
}

const dim = recipe.map(make);
const sizes = new Map([
  ["batch", 3],
  ["time", 5],
  ["hidden_size", 7],
]);

describe("arithmetic on dims", () => {
  test("commutes", () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect(addDims(a, b)).toBe(addDims(b, a));
        expect(mulDims(a, b)).toBe(mulDims(b, a));
      }),
    );
  });

  test("associates", () => {
    fc.assert(
      fc.property(dim, dim, dim, (a, b, c) => {
        expect(addDims(addDims(a, b), c)).toBe(addDims(a, addDims(b, c)));
        expect(mulDims(mulDims(a, b), c)).toBe(mulDims(a, mulDims(b, c)));
      }),
    );
  });

  test("distributes", () => {
    fc.assert(
      fc.property(dim, dim, dim, (a, b, c) => {
        expect(mulDims(a, addDims(b, c))).toBe(addDims(mulDims(a, b), mulDims(a, c)));
      }),
    );
  });

  test("has 0, 1 and inverses of addition", () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect([addDims(a, 0), mulDims(a, 1), mulDims(a, 0), subDims(a, a)]).toEqual([a, a, 0, 0]);
        expect(addDims(subDims(a, b), b)).toBe(a);
      }),
    );
  });

  test("commutes with evaluation", () => {
    fc.assert(
      fc.property(recipe, (tree) => {
        expect(evaluateDim(make(tree), sizes)).toBe(count(tree, sizes) + 0);
      }),
    );
  });

  test("commutes with substitution of some symbols", () => {
    fc.assert(
      fc.property(recipe, (tree) => {
        const partial = substituteSymbols(make(tree), new Map([["time", 5]]));
        expect(symbolsOf(partial)).not.toContain("time");
        expect(evaluateDim(partial, sizes)).toBe(count(tree, sizes) + 0);
      }),
    );
  });

  test("divides rounded down, with the multiples of the divisor outside", () => {
    expect(floorDivDims(addDims(mulDims(2, "time"), 3), 2)).toBe("time+1");
    expect(floorDivDims("time", 1)).toBe("time");
    expect(floorDivDims(-3, 2)).toBe(-2);
    const half = floorDivDims(addDims("time", -1), 2);
    expect(addDims(half, 1)).toBe(floorDivDims(addDims("time", 1), 2));
    expect(symbolsOf(mulDims(half, "batch"))).toEqual(["batch", "time"]);
    const quarter = floorDivDims(half, 2);
    expect([5, 6, 9, 0].map((time) => evaluateDim(quarter, new Map([["time", time]])))).toEqual([1, 1, 2, -1]);
  });
});

describe("the text of a dim", () => {
  test("is parsed by a process that did not create it", () => {
    // No other dim has these symbols, so no polynomial is cached.
    const bindings = new Map([
      ["p", 11],
      ["q", 13],
    ]);
    expect(evaluateDim("p*q", bindings)).toBe(143);
    expect(evaluateDim("2*p-q+1", bindings)).toBe(10);
    expect(evaluateDim("-3*p*p-4", bindings)).toBe(-367);
    expect(subDims("r+1", "r")).toBe(1);
    expect(terms("2*s*t-1")).toEqual([
      { coefficient: 2, factors: ["s", "t"] },
      { coefficient: -1, factors: [] },
    ]);
  });

  test("has the highest degree first, then names in order, then the constant", () => {
    const time = addDims(mulDims(2, "time"), -1);
    expect(time).toBe("2*time-1");
    expect(mulDims(time, "batch")).toBe("2*batch*time-batch");
    expect(addDims(addDims(3, "time"), addDims("batch", mulDims("time", "batch")))).toBe("batch*time+batch+time+3");
    expect(subDims(0, "time")).toBe("-time");
    expect(subDims(time, mulDims(2, "time"))).toBe(-1);
    expect(mulDims("time", mulDims("time", "time"))).toBe("time*time*time");
  });

  test("has parentheses around the sums that it divides", () => {
    const half = floorDivDims("time", 2);
    expect(half).toBe("floor(time/2)");
    expect(floorDivDims(addDims("time", 1), 2)).toBe("floor((time+1)/2)");
    expect(floorDivDims(mulDims("batch", "time"), 2)).toBe("floor(batch*time/2)");
    expect(floorDivDims(mulDims(half, 3), 2)).toBe("floor(time/2)+floor(time/4)");
    expect(floorDivDims(addDims(half, 1), 4)).toBe("floor((time+2)/8)");
    expect(floorDivDims(mulDims(half, "batch"), 3)).toBe("floor(batch*floor(time/2)/3)");
    expect(quotientOf("floor(time/4)")).toEqual({ dividend: "time", divisor: 4 });
    expect(quotientOf("floor((time+1)/2)")).toEqual({ dividend: "time+1", divisor: 2 });
    expect(quotientOf("floor((time+1)/2)-floor(time/2)")).toBeUndefined();
  });

  test("has each of its symbols once", () => {
    expect(symbolsOf(elementCount(["time", "batch", "time", 4]))).toEqual(["batch", "time"]);
    expect(symbolsOf(12)).toEqual([]);
  });

  test("has no size without the sizes of all symbols", () => {
    expect(evaluateDim("batch*classes", sizes)).toBeUndefined();
    expect(evaluateDim(6, new Map())).toBe(6);
  });
});

describe("shapes", () => {
  test("are equal where every dim is", () => {
    expect(sameShape(["batch", 3], ["batch", 3])).toBe(true);
    expect(sameShape(["batch", 3], ["batch"])).toBe(false);
    expect(sameShape(["batch"], ["time"])).toBe(false);
    expect(sameShape([elementCount(["batch", "time"])], [elementCount(["time", "batch"])])).toBe(true);
  });

  test.each([
    [["batch", "time", 3], [3], ["batch", "time", 3]],
    [["batch", 1], ["time"], ["batch", "time"]],
    [[], ["batch"], ["batch"]],
    [[2, 3], [3, 3], undefined],
    [["batch"], ["time"], undefined],
    [["batch"], [4], undefined],
  ])("%j and %j broadcast to %j", (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
    expect(broadcastShapes(b, a)).toEqual(expected);
  });

  test("have as many elements as the product of their dims", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3])).toBe(6);
    expect(elementCount(["time", 2, "batch"])).toBe("2*batch*time");
  });

  test("print in brackets", () => {
    expect(printShape([])).toBe("[]");
    expect(printShape(["batch", 3])).toBe("[batch, 3]");
  });
});
