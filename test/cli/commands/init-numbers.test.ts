/** `rnnx init --data`: numbers in several notations are read as the other columns of the file are. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rnnx, temporaryFolder } from "../../support/spawn.js";

const rows = (count: number, row: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${row(index)}\n`).join("");
const digits = (index: number) => `${1 + (index % 9)}`;
const three = (index: number) => `${100 + ((index * 37) % 900)}`;

async function initialize(content: string) {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "a.csv"), content);
  const { code, stdout, stderr } = await rnnx(
    "init",
    "--data",
    join(folder, "a.csv"),
    "--target",
    "y",
    "--out",
    folder,
  );
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return { stdout, data: JSON.parse(readFileSync(join(folder, "a.json"), "utf8")).data };
}

test("6.623 is 6623 in a file of decimal commas", async () => {
  const { stdout, data } = await initialize(
    `a;y\n${rows(20, (index) => `${digits(index)}.${three(index)};${digits(index * 7)},5`)}`,
  );
  expect(data).toMatchObject({ decimal: ",", columns: { a: { type: "number", decimal: ",", thousands: "." } } });
  expect(stdout).toContain('a: 1.100 is read as 1100, not as 1.1, since other columns have the decimal mark ",".');
});

test("6.623 is 6623 between semicolons, and the other reading has its way out", async () => {
  const { stdout, data } = await initialize(
    `a;y\n${rows(20, (index) => `${digits(index)}.${three(index)};${index * index}`)}`,
  );
  expect(data).toMatchObject({ decimal: ",", thousands: ".", columns: ["a"] });
  expect(stdout).toContain("a: 1.100 is read as 1100, not as 1.1, since semicolons separate the fields. Is it 1.1?");
});

test("6.623 stays 6.623 in a file of decimal points", async () => {
  const { stdout, data } = await initialize(
    `a;y\n${rows(20, (index) => `${digits(index)}.${three(index)};${digits(index * 7)}.5`)}`,
  );
  expect(data.decimal).toBeUndefined();
  expect(stdout).toContain('a: 1.100 is read as 1.1, not as 1100, since other columns have the decimal mark ".".');
});

test("6.623 without evidence is a decimal, and a notice has both readings", async () => {
  const { stdout, data } = await initialize(
    `a,y\n${rows(20, (index) => `${digits(index)}.${three(index)},${index * index}`)}`,
  );
  expect(data.decimal).toBeUndefined();
  expect(stdout).toContain("a: 1.100 is read as 1.1, not as 1100. Is it 1100? Give the column the kind");
});

test("0,037 has a decimal comma, and no group of thousands", async () => {
  const { data } = await initialize(
    `a;b;y\n${rows(20, (index) => `0,${three(index)};${digits(index)},${three(index)};${digits(index * 7)},5`)}`,
  );
  expect(data).toMatchObject({ decimal: ",", columns: ["a", "b"] });
});

test.each(["y", "count"])("integers have the marks of the other columns, with the target %s", async (target) => {
  const name = (column: string) => (column === target ? "y" : column === "y" ? "amount" : column);
  const { data } = await initialize(
    `day;${name("y")};${name("count")}\n${rows(150, (index) => `${10 + (index % 18)}.01.2023;${10 + index}.000,00;${840 + (index % 120)}`)}`,
  );
  expect(data).toMatchObject({ decimal: ",", thousands: "." });
  expect(JSON.stringify(data.columns)).not.toMatch(/"decimal"|"thousands"/);
});
