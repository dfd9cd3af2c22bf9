/** Charts of curves for a terminal. */
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { terminalChart } from "../../../views/charts/ascii-chart.js";
import type { Curve } from "../../../views/metrics-history.js";

const { createColors }: typeof import("picocolors") = createRequire(import.meta.url)("picocolors");

const curve = (split: Curve["split"], points: readonly (readonly [number, number])[]): Curve => ({
  split,
  points: points.map(([step, value]) => ({ step, value })),
});

/** The plots of the curves by themselves, as the columns in which each is drawn. */
function drawnColumns(curves: readonly Curve[]) {
  const chart = terminalChart("loss", curves, createColors(true), 74);
  const codes = { "36": "step", "33": "train", "32": "validation" } as const;
  const columns: Record<string, [number, number]> = {};
  for (const line of chart.split("\n").filter((row) => row.includes("┤"))) {
    const plot = line.slice(line.indexOf("┤") + 1);
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors of a terminal.
    for (const [, code, character] of plot.matchAll(/(?:\u001b\[(\d+)m)?([^\u001b])(?:\u001b\[39m)?/gu)) {
      const name = codes[code as keyof typeof codes];
      if (character !== " " && name !== undefined) {
        const [from, to] = columns[name] ?? [column, column];
        columns[name] = [Math.min(from, column), Math.max(to, column)];
      }
      column += 1;
    }
  }
  return columns;
}

test("a curve is drawn from its first point to its last", () => {
  const steps = curve(
    "step",
    Array.from({ length: 119 }, (_, index) => [index + 1, 1 / (index + 1)]),
  );
  const train = curve("train", [
    [41, 0.8],
    [61, 0.3],
    [81, 0.6],
  ]);
  // Column c of 60 is step 1 + 2 c.
  expect(drawnColumns([steps, train, curve("validation", [[101, 0.9]])])).toEqual({
    step: [0, 59],
    train: [20, 40],
    validation: [50, 50],
  });
});

describe("without colors", () => {
  const draw = (...points: [number, number][]) =>
    terminalChart("loss", [curve("train", points)], createColors(false), 40);

  test("values of the axis are those of the rows", () => {
    expect(draw([1, 1], [2, 2]).split("\n")).toEqual([
      "loss  ── train",
      "         2 ┤                        ╭─",
      "       1.9 ┤                      ╭─╯",
      "       1.8 ┤                   ╭──╯",
      "       1.7 ┤                 ╭─╯",
      "       1.6 ┤              ╭──╯",
      "       1.5 ┤            ╭─╯",
      "       1.4 ┤         ╭──╯",
      "       1.3 ┤       ╭─╯",
      "       1.2 ┤    ╭──╯",
      "       1.1 ┤  ╭─╯",
      "         1 ┤──╯",
      "            1                   step 2",
    ]);
  });

  test("one value, or equal ones, are one row", () => {
    expect(draw([7, 0.5]).split("\n")[1]).toBe("       0.5 ┤•");
    expect(draw([1, 0.5], [3, 0.5]).split("\n")[1]).toBe(`       0.5 ┤${"─".repeat(26)}`);
  });

  test("each curve has its own plot", () => {
    const chart = terminalChart("loss", [curve("step", [[1, 1]]), curve("test", [[5, 2]])], createColors(false), 40);
    expect(chart.split("\n").filter((line) => line.startsWith("loss"))).toEqual(["loss  ── per step", "loss  ── test"]);
  });
});
