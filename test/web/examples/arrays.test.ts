/** Array examples of a page: numbers that are no ids, classes or lengths are refused. */
import { expect, test } from "vitest";
import { readExamples } from "../../../web/examples/arrays.js";

const ports = [
  { name: "inputs", dtype: "int32", shape: ["batch", "time"] },
  { name: "lengths", dtype: "int64", shape: ["batch"] },
] as const;
const limits = { inputs: 3, targets: 2 };

test.each<[string, string | null]>([
  ['{"inputs": [0, 2, 1], "lengths": 2}', null],
  ['{"inputs": [0, 3, 1], "lengths": 2}', '"inputs" has 3. Write integers from 0 to 2.'],
  ['{"inputs": [0, -1, 1], "lengths": 2}', '"inputs" has -1. Write integers from 0 to 2.'],
  ['{"inputs": [0, 0.5, 1], "lengths": 2}', '"inputs" has 0.5. Write integers from 0 to 2.'],
  ['{"inputs": [0, 1], "lengths": 0}', '"lengths" has 0. Write integers from 1.'],
  ['{"inputs": [0, 1], "lengths": 1.5}', '"lengths" has 1.5. Write integers from 1.'],
])("%s", (text, expected) => {
  const read = readExamples(text, ports, limits);
  expect(read.ok ? null : read.error.map(({ message, hint }) => `${message} ${hint}`).join()).toBe(expected);
});

test("classes of a training example are below the number of outputs", () => {
  const targets = [...ports.slice(0, 1), { name: "targets", dtype: "int32", shape: ["batch"] }] as const;
  expect(readExamples('{"inputs": [0], "targets": 1}', targets, limits).ok).toBe(true);
  expect(readExamples('{"inputs": [0], "targets": 2}', targets, limits).ok).toBe(false);
});
