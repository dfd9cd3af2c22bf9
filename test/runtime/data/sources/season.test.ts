/** The usual seasons of the steps of times. */
import { expect, test } from "vitest";
import type { TimeStep } from "../../../../runtime/data/formats/time-step.js";
import { usualSeason } from "../../../../runtime/data/sources/table/series-rows.js";

const HOUR = 3_600_000;

test.each<[TimeStep["unit"], number, number | undefined, string | undefined]>([
  ["time", HOUR, 24, "an hour"],
  ["time", HOUR / 2, 48, "30 minutes"],
  ["time", 24 * HOUR, 7, "a day"],
  ["time", 7 * 24 * HOUR, 52, "a week"],
  ["month", 1, 12, "a month"],
  ["month_end", 3, 4, "a quarter"],
  ["month", 12, undefined, undefined],
  ["time", 5 * HOUR, undefined, undefined],
  ["time", 2 * 24 * HOUR, undefined, undefined],
  ["number", 1, undefined, undefined],
])("steps of %s %i", (unit, count, rows, step) => {
  const season = usualSeason({ unit, count });
  expect([season?.rows, season?.step]).toEqual([rows, step]);
});
