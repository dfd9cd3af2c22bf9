import { expect, test } from "vitest";
import { collectValues, integerParser, parseOverride } from "../../cli/option-parsers.js";

test("an integer is parsed within its range", () => {
  const read = integerParser(1, 100);
  expect(read("42")).toBe(42);
  expect(() => read("4.5")).toThrow("Expected an integer.");
  expect(() => read("many")).toThrow("Expected an integer.");
  expect(() => read("")).toThrow("Expected an integer.");
  expect(() => read("0")).toThrow("Expected an integer from 1 to 100.");
  expect(() => read("101")).toThrow("Expected an integer from 1 to 100.");
});

test("an override is a path and a value, which may contain =", () => {
  expect(parseOverride("data.text=a=b", parseOverride("train.steps=5", []))).toEqual([
    { path: "train.steps", value: "5", flag: "--set train.steps=5" },
    { path: "data.text", value: "a=b", flag: "--set data.text=a=b" },
  ]);
});

test("an override without a path or a value is rejected", () => {
  for (const text of ["train.steps", "=5", ""])
    expect(() => parseOverride(text, [])).toThrow("Expected path.to.key=value.");
});

test("repeated options keep their order", () => {
  expect(collectValues("cse", collectValues("hoist", []))).toEqual(["hoist", "cse"]);
});
