/** Predictions as CSV, JSON and JSON lines. */
import { expect, test } from "vitest";
import { keepOrder, orderedJson } from "../../../runtime/ordered-json.js";
import { forecastRows, RowValues } from "../../../runtime/predict/forecast-rows.js";
import { describeClass, mergeOutputs } from "../../../runtime/predict/format-predictions.js";
import { outputText } from "../../../runtime/predict/write-predictions.js";

const rows = [
  { line: 1, text: 'a "b", c', tags: ["x", "y"], probabilities: { x: 0.5, y: 0.5 } },
  { line: 2, text: " two\nlines", tags: [], probabilities: { x: 1 } },
  { line: 3, text: null },
];

test("CSV quotes fields, encodes lists as JSON, and has a column for each member of an object", () => {
  expect(outputText(".csv", rows)).toBe(
    'line,text,tags,probabilities.x,probabilities.y\n1,"a ""b"", c","[""x"",""y""]",0.5,0.5\n2," two\nlines",[],1,\n3,,,,\n',
  );
});

test("the probabilities have the order of the classes, also where their names are numbers", () => {
  const scores = { shape: [4], data: Float32Array.of(0.125, 0.125, 0.25, 0.5) };
  const prediction = describeClass({ value: "label", prefix: "" }, scores, ["-2", "-1", "10", "1"]);
  expect(outputText(".csv", [{ line: 1, ...prediction }])).toBe(
    "line,label,probability,probabilities.-2,probabilities.-1,probabilities.10,probabilities.1\n1,1,0.5,0.125,0.125,0.25,0.5\n",
  );
  const members = '"label":"1","probability":0.5,"probabilities":{"-2":0.125,"-1":0.125,"10":0.25,"1":0.5}';
  expect(outputText(".jsonl", [{ line: 1, ...prediction }])).toBe(`{"line":1,${members}}\n`);
  expect(outputText(".json", [{ line: 1, ...prediction }]).replace(/\s/g, "")).toBe(`[{"line":1,${members}}]`);
});

test("JSON is that of JSON.stringify", () => {
  const values = [
    ...rows,
    { number: Number.NaN, absent: undefined, date: new Date(0), empty: {}, list: [[], [1, null]] },
  ];
  for (const indent of [0, 2]) expect(orderedJson(values, indent)).toBe(JSON.stringify(values, undefined, indent));
});

test("JSON lines have one line per example", () => {
  expect(
    outputText(".jsonl", rows)
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  ).toEqual(rows);
  expect(JSON.parse(outputText(".json", rows))).toEqual(rows);
});

test("the members of a prediction have their order, also where their names are numbers", () => {
  const members = keepOrder([
    ["shop", "a"],
    ["7", "b"],
  ]);
  const prediction = keepOrder<unknown>([
    ["2020", new RowValues([1, 2])],
    ["10", new RowValues([3, 4])],
  ]);
  const origin = { line: 9, series: members, inputOf: () => ({}), rowAfter: (row: number) => ({ 1999: `day ${row}` }) };
  const forecasts = forecastRows(origin, [1, 2], mergeOutputs([{ name: "y", members: prediction }]));
  expect(outputText(".csv", forecasts)).toBe("line,shop,7,step,1999,2020,10\n9,a,b,1,day 1,1,3\n9,a,b,2,day 2,2,4\n");
  expect(outputText(".jsonl", forecasts.slice(0, 1))).toBe(
    '{"line":9,"shop":"a","7":"b","step":1,"1999":"day 1","2020":1,"10":3}\n',
  );
});
