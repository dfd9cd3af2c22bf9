/** Time series in the .ts format: headers, dimensions, labels, and the faults of lines. */
import { expect, test } from "vitest";
import { createTimeSeriesParser } from "../../../../runtime/data/formats/time-series.js";

/** The parsed lines; a fault as text. */
function parsed(text: string): readonly unknown[] {
  const parse = createTimeSeriesParser();
  return text.split("\n").flatMap((line): readonly unknown[] => {
    const result = parse(line);
    if (!result.ok) return [result.error.fault];
    return result.value === null ? [] : [result.value.line];
  });
}

const header = "# a comment\n@problemName Two\n@univariate false\n@classLabel true a b\n@data\n";

test("a vector per step, and the label", () => {
  expect(parsed(`${header}1,2,3:4,5,6:a\n-1.5, 2e1 :0.25,-3:b`)).toEqual([
    {
      inputs: [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
      label: "a",
    },
    {
      inputs: [
        [-1.5, 0.25],
        [20, -3],
      ],
      label: "b",
    },
  ]);
});

test("series without labels, and with numbers as labels", () => {
  expect(parsed("@classLabel false\n@data\n1,2")).toEqual([{ inputs: [[1], [2]] }]);
  expect(parsed("@targetLabel true\n@DATA\n1,2:0.5")).toEqual([{ inputs: [[1], [2]], label: "0.5" }]);
});

test.each([
  ["1,?,3:4,5,6:a", "has a missing value at step 2 of dimension 1"],
  ["1,2,3:4,5,NaN:a", "has a missing value at step 3 of dimension 2"],
  ["1,2,3:4,5:a", "has 3 steps in dimension 1 and 2 in dimension 2"],
  ["1,two:3,4:a", 'has "two" at step 2 of dimension 1, which is no number'],
  ["a", "has no values before its label"],
])("%s", (line, fault) => {
  expect(parsed(header + line)).toEqual([fault]);
});

test("headers that are not read", () => {
  expect(parsed("@timeStamps true\n@data")).toEqual(["declares time stamps"]);
  expect(parsed("1,2:a")).toEqual(["is before @data"]);
});
