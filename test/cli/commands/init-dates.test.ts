/** `rnnx init --data`: a column of dates has the calendar features that its format has. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rnnx, temporaryFolder } from "../../support/spawn.js";

const two = (number: number) => `${number}`.padStart(2, "0");

test.each<readonly [string, (index: number) => string, readonly string[]]>([
  ["%H:%M", (index) => `${two((index * 7) % 24)}:${two((index * 11) % 60)}`, ["hour", "minute"]],
  ["%Y-%m", (index) => `20${two((index * 7) % 24)}-${two(1 + ((index * 5) % 12))}`, ["month", "quarter"]],
  ["%YQ%q", (index) => `${1990 + ((index * 7) % 30)}Q${1 + ((index * 3) % 4)}`, ["quarter"]],
])("a date %s", async (format, date, features) => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const rows = Array.from({ length: 30 }, (_, index) => `${date(index)},${(index * 37) % 11}.5\n`);
  writeFileSync(join(folder, "a.csv"), `when,y\n${rows.join("")}`);
  const { code, stderr } = await rnnx("init", "--data", join(folder, "a.csv"), "--target", "y", "--out", folder);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  const { data } = JSON.parse(readFileSync(join(folder, "a.json"), "utf8"));
  expect(data.columns.when).toEqual({ type: "date", format, features });
});
