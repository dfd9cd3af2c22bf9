import { describe, expect, test } from "vitest";
import { classNotices, fitClasses } from "../../../runtime/data/labels.js";

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

  test("large integers with gaps are names; where half of the ids occur, they are ids", () => {
    expect(fitClasses(["2000", "100"])).toEqual({ names: ["100", "2000"], count: 2, ids: Int32Array.of(1, 0) });
    const even = Array.from({ length: 60 }, (_, index) => `${2 * index + 1}`);
    expect(fitClasses(even)).toMatchObject({ names: null, count: 120 });
    expect(fitClasses(even.slice(1))).toMatchObject({ names: even.slice(1) });
  });

  test("ids without an example are stated, unless a run has fixed the classes", () => {
    const classes = fitClasses(["1", "3", "1"]);
    expect(classNotices(classes, false)).toEqual([
      "The labels, integers from 0, are the ids of 4 classes: no example has classes 0, 2.",
    ]);
    expect(classNotices(classes, true)).toEqual([]);
    expect(classNotices(fitClasses(["0", "1"]), false)).toEqual([]);
  });

  test("a resumed run keeps its order, unless the data has other classes", () => {
    expect(fitClasses(["a", "b", "a"], ["b", "a"])).toMatchObject({ names: ["b", "a"], ids: Int32Array.of(1, 0, 1) });
    expect(fitClasses(["a", "b", "c"], ["b", "a"]).names).toEqual(["a", "b", "c"]);
    expect(fitClasses(["a", "c"], ["b", "a"]).names).toEqual(["a", "c"]);
  });
});
