/** Dates by their formats, with the calendar features of Date in UTC, and numbers with marks and units. */
import { describe, expect, test } from "vitest";
import { dateFeature, dateReader, formatsOf } from "../../../../runtime/data/formats/date-values.js";
import { numberReader } from "../../../../runtime/data/formats/number-marks.js";
import { writeTime } from "../../../../runtime/data/formats/time-values.js";
import { parseDateFormat } from "../../../../schema/kinds/date-format.js";

const iso = (time: number) => (Number.isNaN(time) ? "none" : new Date(time).toISOString());

describe("dates", () => {
  test.each([
    [null, "2024-02-29", "2024-02-29T00:00:00.000Z"],
    [null, "2024-02-29 23:59", "2024-02-29T23:59:00.000Z"],
    [null, "2024-02-29T23:59:58.25+05:30", "2024-02-29T23:59:58.250Z"],
    [null, "2023-02-29", "none"],
    [null, "29.02.2024", "none"],
    ["%d.%m.%Y", "1.2.2024", "2024-02-01T00:00:00.000Z"],
    ["%d.%m.%Y", "01.13.2024", "none"],
    ["%d.%m.%Y", "01.12.2024 ", "none"],
    ["%m/%d/%y %I:%M %p", "12/31/68 12:05 AM", "2068-12-31T00:05:00.000Z"],
    ["%m/%d/%y %I:%M %p", "12/31/69 12:05 pm", "1969-12-31T12:05:00.000Z"],
    ["%m/%d/%y %I:%M %p", "12/31/69 13:05 pm", "none"],
    ["%d %b %Y", "7 Mar 2021", "2021-03-07T00:00:00.000Z"],
    ["%B %d, %Y", "May 7, 2021", "2021-05-07T00:00:00.000Z"],
    ["%Y-%j", "2024-366", "2024-12-31T00:00:00.000Z"],
    ["%Y-%j", "2023-366", "none"],
    ["%s", "86400.5", "1970-01-02T00:00:00.500Z"],
    ["%F %T", "2024-01-02 03:04:05", "2024-01-02T03:04:05.000Z"],
    ["(%Y)", "(2024)", "2024-01-01T00:00:00.000Z"],
    ["%H:%M", "24:00", "none"],
  ])("%s reads %s", (format, field, expected) => {
    expect(iso(dateReader(format)(field))).toBe(expected);
  });

  test("features are those of the calendar", () => {
    const time = Date.UTC(2024, 11, 31, 23, 58);
    const of = (feature: Parameters<typeof dateFeature>[1]) => dateFeature(time, feature);
    // 2024-12-31 is a Tuesday, the 366th day of the year.
    expect([of("minute"), of("hour"), of("weekday"), of("day"), of("day_of_year"), of("month"), of("quarter")]).toEqual(
      [58, 23, 1, 30, 365, 11, 3],
    );
    expect(dateFeature(Date.UTC(1969, 11, 28), "weekday")).toBe(6);
    expect(dateFeature(dateReader("%d.%m.%Y")("31.12.0023"), "day_of_year")).toBe(364);
  });

  test("the usual formats of a field", () => {
    expect(formatsOf("31.12.2024")).toEqual(["%d.%m.%Y"]);
    expect(formatsOf("01/02/2024")).toEqual(["%m/%d/%Y", "%d/%m/%Y"]);
    expect(formatsOf("soon")).toEqual([]);
  });
});

describe("numbers", () => {
  test.each([
    [{ decimal: ",", thousands: ".", unit: null }, "1.234.567,5", 1234567.5],
    [{ decimal: ",", thousands: ".", unit: null }, "-0,5e3", -500],
    [{ decimal: ",", thousands: ".", unit: null }, "12.34", Number.NaN],
    [{ decimal: ",", thousands: ".", unit: null }, "1.234.56", Number.NaN],
    [{ decimal: ".", thousands: ",", unit: null }, "0,037", Number.NaN],
    [{ decimal: ",", thousands: ".", unit: null }, "1,234.5", Number.NaN],
    [{ decimal: ",", thousands: "", unit: null }, "1.234,5", Number.NaN],
    [{ decimal: ".", thousands: " ", unit: null }, "12\u00a0345.5", 12345.5],
    [{ decimal: ".", thousands: "'", unit: null }, "12’345", 12345],
    [{ decimal: ".", thousands: ",", unit: "$" }, "-$1,200.50", -1200.5],
    [{ decimal: ".", thousands: "", unit: "%" }, "12.5 %", 12.5],
    [{ decimal: ".", thousands: "", unit: "%" }, "12.5", Number.NaN],
    [{ decimal: ".", thousands: "", unit: "€" }, "€", Number.NaN],
  ])("%o reads %s", (format, field, expected) => {
    expect(numberReader(format).read(field)).toBe(expected);
  });

  test("a number of another notation has its setting as hint", () => {
    const hint = (field: string) => numberReader({ decimal: ".", thousands: "", unit: null }).faultOf(field)?.hint;
    expect(hint("1.234,5")).toBe(
      'It looks like a decimal comma. Set data.decimal to ",", and data.thousands to "."; or write 1234.5.',
    );
    expect(hint("1,5")).toBe('It looks like a decimal comma. Set data.decimal to ","; or write 1.5.');
    expect(hint("0,037")).toBe('It looks like a decimal comma. Set data.decimal to ","; or write 0.037.');
    expect(hint("1 234")).toBe('It looks like a thousands separator. Set data.thousands to " "; or write 1234.');
    expect(hint("abc")).toBeUndefined();
  });
});

test.each([
  ["%YQ%q", "2024Q1", "2024-01-01"],
  ["%Y-Q%q", "2023-Q4", "2023-10-01"],
  ["%G-W%V", "2024-W01", "2024-01-01"],
  ["%G-W%V", "2020-W53", "2020-12-28"],
  ["%G-W%V", "2021-W01", "2021-01-04"],
  ["%GW%V", "2026W01", "2025-12-29"],
])("a quarter or a week of %s: %s is %s", (format, field, day) => {
  const time = dateReader(format)(field);
  expect(new Date(time).toISOString().slice(0, 10)).toBe(day);
  expect(writeTime(time, { isDate: true, format, example: field })).toBe(field);
  expect(formatsOf(field)).toContain(format);
});

test("weeks that a year lacks, and quarters beyond 4, are no dates", () => {
  expect([dateReader("%G-W%V")("2021-W53"), dateReader("%G-W%V")("2021-W00"), dateReader("%YQ%q")("2024Q5")]).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
  expect(parseDateFormat("%Y-W%V")).toMatchObject({ fault: "has one of %G and %V" });
  expect(parseDateFormat("%Y-%mQ%q")).toMatchObject({ fault: "has a quarter and a month" });
});
