/** Dates of CSV files, compared with `Date` over two years in each notation. */
import { describe, expect, test } from "vitest";
import { sortableDates, trackTime } from "../../../../runtime/data/formats/dates.js";

const days = Array.from({ length: 731 }, (_, index) => new Date(Date.UTC(2023, 10, 25 + index)));
const two = (number: number) => `${number}`.padStart(2, "0");

const notations: Readonly<Record<string, (date: Date) => string>> = {
  "2024-01-31": (date) => date.toISOString().slice(0, 10),
  "2024/1/31": (date) => `${date.getUTCFullYear()}/${date.getUTCMonth() + 1}/${date.getUTCDate()}`,
  "31.01.2024": (date) => `${two(date.getUTCDate())}.${two(date.getUTCMonth() + 1)}.${date.getUTCFullYear()}`,
  "1/31/2024 9:00 PM": (date) => `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()} 9:00 PM`,
  "31/1/2024": (date) => `${date.getUTCDate()}/${date.getUTCMonth() + 1}/${date.getUTCFullYear()}`,
};

describe.each(Object.entries(notations))("%s", (_, write) => {
  const stepsOf = (dates: readonly Date[]) => {
    const tracker = trackTime();
    for (const [index, date] of dates.entries()) tracker.add(write(date), index + 1);
    return tracker.steps();
  };

  test("rises with time", () => {
    expect(stepsOf(days)).toMatchObject({ up: 730, down: 0, equal: 0, firstDown: null });
    expect(stepsOf([...days].reverse())).toMatchObject({ up: 0, down: 730, firstUp: null });
  });

  test("a jump back is a step down", () => {
    const jumped = [...days.slice(0, 400), ...days.slice(100, 300)];
    const from = write(days[399] as Date);
    const to = write(days[100] as Date);
    expect(stepsOf(jumped)).toMatchObject({ up: 598, down: 1, firstDown: { line: 401, from, to } });
    expect(stepsOf(jumped)?.ends).toEqual([write(days[0] as Date), from]);
    expect(stepsOf([...jumped].reverse())?.ends).toEqual([write(days[0] as Date), from]);
  });
});

test("times of a day with 12 hours are in order", () => {
  const times = ["12:00 AM", "1:30 AM", "11:59 AM", "12:00 PM", "1:00 PM", "11:00 pm"];
  const keys = times.map((time) => sortableDates(`1/2/2024 ${time}`)[1] ?? "");
  expect([...keys].sort()).toEqual(keys);
  expect(new Set(keys).size).toBe(times.length);
});

test.each(["", "1234.05", "2024", "13.13.2024", "00.01.2024", "1.5", "12:30", "red", "2024-13-01"])(
  "%j is no date",
  (field) => {
    expect(sortableDates(field)).toEqual([undefined, undefined]);
  },
);
