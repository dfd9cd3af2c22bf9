/** Steps of times: spans, calendar months and numbers; and times in the notation of a column. */
import { describe, expect, test } from "vitest";
import {
  describeStep,
  findStep,
  stepsBetween,
  timeAfter,
  weekdayStep,
} from "../../../../runtime/data/formats/time-step.js";
import { timeNotation, timeReader, writeTime } from "../../../../runtime/data/formats/time-values.js";

const dates = (...texts: string[]) => texts.map((text) => Date.parse(`${text}Z`));

describe("the step of", () => {
  test.each<[string, readonly string[], string, string]>([
    ["days", ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-04"], "1 day", "2024-03-05"],
    ["hours", ["2024-01-01T22:00", "2024-01-01T23:00", "2024-01-02T00:00"], "1 hour", "2024-01-02T01:00"],
    ["weeks", ["2024-01-01", "2024-01-08", "2024-01-15"], "1 week", "2024-01-22"],
    ["months", ["2023-12-01", "2024-01-01", "2024-02-01"], "1 month", "2024-03-01"],
    ["ends of months", ["2023-12-31", "2024-01-31", "2024-02-29"], "1 month", "2024-03-31"],
    ["quarters", ["2023-06-30", "2023-09-30", "2023-12-31"], "3 months", "2024-03-31"],
    ["years", ["1968-05-01", "1969-05-01", "1970-05-01"], "1 year", "1971-05-01"],
    ["days before 1970", ["1969-12-30T12:00", "1969-12-31T12:00", "1970-01-01T12:00"], "1 day", "1970-01-02T12:00"],
  ])("%s", (_, texts, name, next) => {
    const times = dates(...texts);
    const step = findStep([times], true);
    if (step === null) throw new Error("no step");
    expect(describeStep(step)).toBe(name);
    expect(timeAfter(times.at(-1) ?? 0, 1, step)).toBe(dates(next)[0]);
    expect(stepsBetween(times[0] ?? 0, times[1] ?? 0, step)).toBe(1);
  });

  test("numbers, also decimal ones", () => {
    const step = findStep([[0, 0.1, 0.2, 0.30000000000000004, 0.6]], false);
    expect(step).toEqual({ unit: "number", count: 0.1 });
    if (step === null) return;
    expect(stepsBetween(0.30000000000000004, 0.6, step)).toBe(3);
    expect(timeAfter(0.6, 1, step)).toBe(0.7);
    expect(Number.isInteger(stepsBetween(0.6, 0.75, step))).toBe(false);
  });

  test.each([
    ["2023-07-28", "2023-07-31"],
    ["2023-07-27", "2023-07-28"],
    ["1969-12-26", "1969-12-29"],
    ["2023-07-29", "2023-07-31"],
  ])("weekdays, after %s", (last, next) => {
    const step = weekdayStep(dates("2023-07-27", "2023-07-28", "2023-07-31"), { unit: "time", count: 86_400_000 });
    if (step === null) throw new Error("no step");
    expect(describeStep(step)).toBe("1 weekday");
    const [from = 0, to = 0] = dates(last, next);
    expect(timeAfter(from, 1, step)).toBe(to);
    expect(timeAfter(from, 11, step)).toBe(to + 14 * 86_400_000);
    expect(stepsBetween(from, to, step)).toBe(1);
  });

  test("weekdays is none where a row is on a weekend", () => {
    const day = { unit: "time", count: 86_400_000 } as const;
    expect(weekdayStep(dates("2023-07-28", "2023-07-29"), day)).toBe(null);
    expect(weekdayStep(dates("2023-07-24", "2023-07-31"), { ...day, count: 7 * day.count })).toBe(null);
  });

  test("one row has none", () => expect(findStep([[5], [7]], false)).toBe(null));
});

test.each<[string, string | null]>([
  ["2024-05-06", null],
  ["2024-05-06 07:00", null],
  ["2024-05-06T07:08:09Z", null],
  ["2024-05-06 07:08:09+02:00", null],
  ["06.05.2024", "%d.%m.%Y"],
  ["May 06, 2024 07:08 PM", "%B %d, %Y %I:%M %p"],
  ["2024-127", "%Y-%j"],
  ["1714979289", "%s"],
  ["1997", null],
  ["-0.5", null],
])("%s is written as it is read", (text, format) => {
  const notation = timeNotation(text, format);
  if ("formats" in notation) throw new Error("no notation");
  expect(writeTime(timeReader(notation)(text), notation)).toBe(text);
});

test("another notation has its formats", () => {
  expect(timeNotation("06.05.2024", null)).toEqual({ formats: ["%d.%m.%Y"] });
});
