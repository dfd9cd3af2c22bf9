/** Rows that start with "#": commands state how many a table skips as comments. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rnnx, temporaryFolder } from "../../support/spawn.js";

const numbers = Array.from({ length: 12 }, (_, index) => index);

test("colors such as #ff0000 in the first column are stated by init, train and inspect", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "a.csv");
  const color = (index: number) => (index % 4 === 0 ? "#ff0000" : "blue");
  writeFileSync(
    file,
    `color,b,y\n${numbers.map((index) => `${color(index)},${index * index},0.${(index * 7) % 10}\n`).join("")}`,
  );
  const notice = '3 lines skipped as comments, with "#" at the start. To read them as rows, set data.comment to "".';
  const created = await rnnx("init", "--data", file, "--target", "y", "--out", folder);
  expect(created.stderr.split(notice)).toHaveLength(2);
  const trained = await rnnx("train", join(folder, "a.json"), "--dry-run");
  expect(trained.stderr.split(notice)).toHaveLength(2);
  const { code, stderr } = await rnnx("inspect", "--data", file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('3 rows with "#" at the start') });
});

test("a file whose comments have other fields than its rows is inspected", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "a.csv");
  writeFileSync(file, `# measured by hand\na,y\n${numbers.map((index) => `${index},${index}\n`).join("")}`);
  const { code, stdout } = await rnnx("inspect", "--data", file);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("12 rows") });
});
