import { expect, test } from "vitest";
import { formatBytes, formatInteger, formatNumber, formatSI } from "../../runtime/format.js";

test("integers have thousands separators", () => {
  expect([0, 999, 10850, 1234567].map(formatInteger)).toEqual(["0", "999", "10,850", "1,234,567"]);
});

test("numbers have four significant digits, and an exponent if very large or small", () => {
  expect([0, 1, 0.753124, 12.0449, 0.00001234, 5e7, Number.NaN].map(formatNumber)).toEqual([
    "0",
    "1",
    "0.7531",
    "12.04",
    "1.23e-5",
    "5.00e+7",
    "NaN",
  ]);
});

test("SI prefixes are powers of 1000, units of bytes powers of 1024", () => {
  expect([0, 999, 1000, 95.6e9, 999_999].map(formatSI)).toEqual(["0", "999", "1 k", "95.6 G", "1 M"]);
  expect([512, 1024, 65536, 1.5 * 1024 ** 3].map(formatBytes)).toEqual(["512 B", "1 KiB", "64 KiB", "1.5 GiB"]);
});
