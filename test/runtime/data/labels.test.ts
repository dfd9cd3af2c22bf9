import { describe, expect, test } from "vitest";
import { fitClasses } from "../../../runtime/data/labels.js";

const namesOf = (...labels: readonly string[]) => fitClasses(labels).names;

describe("the order of the classes", () => {
  test("does not depend on the order of the lines", () => {
    const labels = ["rare", "common", "medium", "common"];
    expect(fitClasses(labels)).toEqual({
      names: ["common", "medium", "rare"],
      count: 3,
      ids: Int32Array.of(2, 0, 1, 0),
    });
    expect(namesOf(...labels.toReversed())).toEqual(["common", "medium", "rare"]);
  });

  test.each([
    ["numbers by value", ["10", "9", "-1", "2.5"], ["-1", "2.5", "9", "10"]],
    ["numbers before texts", ["b", "10", "a", "-3"], ["-3", "10", "a", "b"]],
    ["equal numbers by their texts", ["1.0", "1", "+1", "x"], ["+1", "1", "1.0", "x"]],
    ["texts by code point", ["é", "z", "Z", "😀", "\uffff", "ab", "a"], ["Z", "a", "ab", "z", "é", "\uffff", "😀"]],
    ["a prefix first", ["true", "tr", ""], ["", "tr", "true"]],
  ])("%s", (_, labels, sorted) => expect(namesOf(...labels)).toEqual(sorted));

  test("integers from 0 are ids, and name no class", () => {
    expect(fitClasses(["2", "0"])).toEqual({ names: null, count: 3, ids: Int32Array.of(2, 0) });
  });

  test("a resumed run keeps its order, unless the data has other classes", () => {
    expect(fitClasses(["a", "b", "a"], ["b", "a"])).toMatchObject({ names: ["b", "a"], ids: Int32Array.of(1, 0, 1) });
    expect(fitClasses(["a", "b", "c"], ["b", "a"]).names).toEqual(["a", "b", "c"]);
    expect(fitClasses(["a", "c"], ["b", "a"]).names).toEqual(["a", "c"]);
  });
});
