/** Heat maps: one cell for each value that is not 0, colors by value, labels of one line. */
import { expect, test } from "vitest";
import { heatMapSvg, visibleLabel } from "../../../views/charts/heat-map.js";

const colorsOf = (svg: string) =>
  [...svg.matchAll(/<path fill="(#\w+)" d="([^"]*)"/g)].map(([, color, path = ""]) => [
    color,
    path.split("z").length - 1,
  ]);

test("cells have the color of their value, and a value of 0 none", () => {
  const values = [
    [1, 0, 0],
    [0.5, 0.5, 0],
  ];
  const svg = heatMapSvg({ title: "head 0", rows: ["a", "b"], columns: ["a", "b", "<"], values, maximum: 1 });
  expect(colorsOf(svg)).toEqual([
    ["#2563a8", 1],
    ["#87aad0", 2],
  ]);
  expect(svg).toContain(">&#60;</text>");
  expect(svg).toContain("<title>head 0</title>");
});

test("values are relative to the maximum", () => {
  const map = (maximum: number) => heatMapSvg({ title: "", rows: ["0"], columns: ["0"], values: [[0.25]], maximum });
  expect(colorsOf(map(0.25))).toEqual([["#2563a8", 1]]);
  expect(colorsOf(map(0.5))).toEqual([["#87aad0", 1]]);
});

test("labels show white space and are short", () => {
  expect(["\n", " ", "", "word", "incomprehensible"].map(visibleLabel)).toEqual([
    "↵",
    "␣",
    "∅",
    "word",
    "incomprehen…",
  ]);
});
