import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitExamples, splitWindows, type TargetLayout } from "../../../runtime/data/splits.js";
import type { DataSplit } from "../../../schema/normal/index.js";

const time: DataSplit = { train: 0.7, validation: 0.15, test: 0.15, order: "time" };
const shuffled: DataSplit = { ...time, order: "shuffled" };

function splitSizes(split: DataSplit, windowing: number | TargetLayout, seed = 1) {
  const divided =
    typeof windowing === "number" ? splitExamples(split, seed, windowing) : splitWindows(split, seed, windowing);
  if (!divided.ok) throw new Error(divided.error.map(({ message }) => message).join("\n"));
  const { train, validation, test } = divided.value;
  return [[...train], [...validation], [...test]] as const;
}

/** The positions of the series that a split's targets cover. */
function targets(examples: readonly number[], { stride, span }: TargetLayout): ReadonlySet<number> {
  return new Set(examples.flatMap((example) => Array.from({ length: span }, (_, offset) => example * stride + offset)));
}

describe("independent examples", () => {
  test.each([
    ["in order of time", "time"],
    ["shuffled", "shuffled"],
  ] as const)("held-out windows %s start at least the evaluation stride apart, and training keeps all", (_, order) => {
    const split = { train: 0.5, validation: 0.3, test: 0.2, order } as const;
    const layout = { examples: 400, stride: 2, span: 7 };
    const all = splitWindows(split, 3, layout);
    const spaced = splitWindows(split, 3, { ...layout, evaluationStride: 9 });
    if (!all.ok || !spaced.ok) throw new Error("no split");
    expect(spaced.value.train).toEqual(all.value.train);
    for (const name of ["validation", "test"] as const) {
      const starts = [...spaced.value[name]].map((example) => example * 2);
      expect(starts[0]).toBe((all.value[name][0] ?? 0) * 2);
      expect(starts.slice(1).every((start, index) => start - (starts[index] ?? 0) >= 9)).toBe(true);
      // No window could be added.
      const gaps = [...all.value[name]].map((example) =>
        Math.min(...starts.map((start) => Math.abs(start - example * 2))),
      );
      expect(Math.max(...gaps)).toBeLessThan(9);
    }
  });

  test("splits in order are consecutive", () => {
    expect(splitSizes(time, 20)).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
      [14, 15, 16],
      [17, 18, 19],
    ]);
  });

  test("fractions with a rounded sum below 1 use all examples", () => {
    for (const [train, validation, test] of [
      [0.7, 0.2, 0.1],
      [0.6, 0.3, 0.1],
      [0.8, 0.1, 0.1],
    ] as const) {
      expect(splitSizes({ train, validation, test, order: "time" }, 10).flat()).toHaveLength(10);
    }
  });

  test("fractions with a sum below 1 leave examples unused", () => {
    expect(splitSizes({ train: 0.5, validation: 0, test: 0.2, order: "time" }, 10)).toEqual([
      [0, 1, 2, 3, 4],
      [],
      [5, 6],
    ]);
  });

  test("shuffled splits assign each example once, by the seed", () => {
    const parts = splitSizes(shuffled, 100);
    expect(parts.map((indices) => indices.length)).toEqual([70, 15, 15]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, example) => example));
    expect(parts[1]).not.toEqual(splitSizes(time, 100)[1]);
    expect(splitSizes(shuffled, 100)).toEqual(parts);
    expect(splitSizes(shuffled, 100, 2)).not.toEqual(parts);
  });
});

describe("windows over a series", () => {
  const windowings: readonly TargetLayout[] = [
    { examples: 200, stride: 1, span: 1 },
    { examples: 200, stride: 1, span: 10 },
    { examples: 100, stride: 10, span: 10 },
    { examples: 100, stride: 3, span: 10 },
    { examples: 100, stride: 25, span: 10 },
  ];

  test.each(windowings.flatMap((windowing) => [time, shuffled].map((split) => ({ split, spread: windowing }))))(
    "$split.order: no target of $spread is in two parts, and most windows are in one",
    ({ split, spread: windowing }) => {
      const parts = splitSizes(split, windowing);
      const covered = parts.map((indices) => targets(indices, windowing));
      expect(covered.reduce((sum, indices) => sum + indices.size, 0)).toBe(
        new Set(covered.flatMap((indices) => [...indices])).size,
      );
      const counts = parts.map((indices) => indices.length);
      const [train = 0, validation = 0, test = 0] = counts;
      expect(train).toBeGreaterThan(0.4 * windowing.examples);
      expect(Math.min(validation, test)).toBeGreaterThan(0.01 * windowing.examples);
    },
  );

  test("windows across the boundary of ordered splits are in no split", () => {
    const windowing = { examples: 10, stride: 1, span: 3 };
    expect(splitSizes({ train: 0.5, validation: 0.5, test: 0, order: "time" }, windowing)).toEqual([
      [0, 1, 2, 3],
      [6, 7, 8, 9],
      [],
    ]);
  });
});

describe("problems", () => {
  test("an empty split", () => {
    expect(splitExamples({ train: 0.9, validation: 0.05, test: 0.05, order: "shuffled" }, 1, 5)).toEqual({
      ok: false,
      error: [
        {
          code: "empty-split",
          path: "/data/split/validation",
          message: "The validation split, 0.05 of 5 examples, is empty.",
          hint: "Give it a larger fraction, or use more data.",
        },
      ],
    });
  });

  test("a single example can only be in the training split", () => {
    expect(splitExamples(time, 1, 1)).toMatchObject({
      error: [
        { path: "/data/split/train", message: "The train split, 0.7 of 1 example, is empty." },
        { path: "/data/split/validation" },
      ],
    });
    expect(splitSizes({ train: 1, validation: 0, test: 0, order: "time" }, 1)).toEqual([[0], [], []]);
  });
});

test("too many examples are refused before allocation", () => {
  const windows = splitWindows(time, 1, { examples: 2e9, stride: 1, span: 50 });
  expect(windows).toMatchObject({ ok: false, error: [{ code: "too-many-examples", path: "/data/stride" }] });
  if (!windows.ok) expect(windows.error[0]?.hint).toContain('"stride": 50');
  expect(splitExamples(time, 1, 2e9)).toMatchObject({ ok: false, error: [{ path: "/data" }] });
});

describe("stratified splits", () => {
  const fractions = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), fc.nat(3))
    .map(([train, validation, test, unused]) => {
      const sum = train + validation + test + unused;
      return { train: train / sum, validation: validation / sum, test: test / sum };
    });

  test("have each class's share up to one example, and each example once", () => {
    const classes = fc.array(fc.nat(6), { minLength: 60, maxLength: 200 });
    const order = fc.constantFrom("time" as const, "shuffled" as const);
    fc.assert(
      fc.property(fractions, classes, order, fc.nat(), (parts, ids, order, seed) => {
        const result = splitExamples({ ...parts, order, stratify: true }, seed, ids.length, ids);
        if (!result.ok) throw new Error(result.error[0]?.message);
        const all = [...result.value.train, ...result.value.validation, ...result.value.test];
        expect(new Set(all).size).toBe(all.length);
        const present = new Set(ids);
        expect(new Set([...result.value.train].map((example) => ids[example]))).toEqual(present);
        // Classes whose share of the training split is below one example have one there.
        const rare = [...present].filter((id) => parts.train * ids.filter((other) => other === id).length < 1);
        for (const name of ["train", "validation", "test"] as const) {
          const examples = result.value[name];
          expect([...examples]).toEqual([...examples].sort((a, b) => a - b));
          for (const id of present) {
            const share = parts[name] * ids.filter((other) => other === id).length;
            const count = examples.filter((example) => ids[example] === id).length;
            expect(Math.abs(count - share)).toBeLessThan(1);
          }
          // The rounding errors of the classes do not add up.
          expect(Math.abs(examples.length - parts[name] * ids.length)).toBeLessThan(3 + rare.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("follow the seed, or the order of the data", () => {
    const ids = Array.from({ length: 40 }, (_, index) => (index % 4 === 0 ? 1 : 0));
    const split = { train: 0.8, validation: 0, test: 0.2, stratify: true } as const;
    const testOf = (order: "time" | "shuffled", seed: number) => {
      const result = splitExamples({ ...split, order }, seed, ids.length, ids);
      return result.ok ? [...result.value.test] : [];
    };
    expect(testOf("time", 1)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
    expect(testOf("shuffled", 1)).toEqual(testOf("shuffled", 1));
    expect(testOf("shuffled", 1)).not.toEqual(testOf("shuffled", 2));
  });

  test("need one label for each example", () => {
    const split = { train: 0.5, validation: 0, test: 0.5, order: "shuffled", stratify: true } as const;
    expect(splitExamples(split, 1, 10)).toMatchObject({ error: [{ path: "/data/split/stratify" }] });
    expect(splitExamples({ ...split, validation: 0.05, train: 0.45 }, 1, 4, [0, 0, 1, 1])).toMatchObject({
      error: [{ code: "empty-split", path: "/data/split/validation" }],
    });
  });
});

describe("numbers of rows at the end", () => {
  const layout = { examples: 11, stride: 1, span: 3 };
  const of = (split: Omit<DataSplit, "order">) => splitSizes({ ...split, order: "time" } as DataSplit, layout);

  test("the test split has the last rows, the validation split those before it", () => {
    expect(of({ train: 1, validation: 3, test: 4 } as DataSplit)).toEqual([[0, 1, 2, 3], [6], [9, 10]]);
  });

  test("fractions are of the rows that the numbers leave, and unused rows lie before the held-out ones", () => {
    expect(of({ train: 0.6, validation: 0.4, test: 3 } as DataSplit)).toEqual([[0, 1, 2, 3], [6, 7], [10]]);
    expect(of({ train: 0.5, validation: 0, test: 3 } as DataSplit)).toEqual([[0, 1, 2], [], [10]]);
    expect(of({ train: 0.5, validation: 3, test: 0.5 } as DataSplit)).toEqual([[0, 1, 2], [5], [8, 9, 10]]);
  });

  test.each([
    [
      { train: 1, validation: 0, test: 2 },
      "The test split, 2 rows, has no window: the targets of a window are 3 rows.",
    ],
    [
      { train: 1, validation: 5, test: 6 },
      "The train split has no window: of 13 rows after the first window 11 are held out, and the targets of a window are 3 rows.",
    ],
    [
      { train: 1, validation: 20, test: 6 },
      "The train split has no window: of 13 rows after the first window 26 are held out, and the targets of a window are 3 rows.",
    ],
  ])("%j leaves a split empty", (split, message) => {
    const divided = splitWindows({ ...split, order: "time" } as DataSplit, 1, layout);
    expect(divided.ok ? [] : divided.error.map((problem) => problem.message)).toContain(message);
  });
});
