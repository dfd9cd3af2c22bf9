/** `rnnx inspect --data`: the columns of files, and the data of specs with splits, classes and arrays. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { collectNumbers } from "../../../runtime/data/number-statistics.js";
import { records, rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const rows = Array.from({ length: 40 }, (_, index) => [
  `2024-01-${`${1 + (index % 28)}`.padStart(2, "0")}`,
  index === 5 ? "" : `${index / 4}`,
  index % 4 === 0 ? "rare" : "common",
  ["a warm film", "two hours of nothing"][index % 2],
]);
const csv = `day,x,label,review\n${[...rows, rows[39] ?? []].map((row) => row.join(",")).join("\n")}\n`;

test("the columns of a file: kinds, missing values, counts, ranges, repeated rows", async () => {
  const file = join(temporaryFolder(), "t.csv");
  writeFileSync(file, csv);
  const [text, record] = await Promise.all([
    rnnx("inspect", "--data", file),
    rnnx("inspect", "--data", file, "--json"),
  ]);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/^41 rows, 1 equal to an earlier one\n/);
  expect(text.stdout).toMatch(/\nx +numbers +1 +39 +0 to 9\.75 +[▁-█ ]{12}\n/);
  expect(text.stdout).toMatch(/\nreview +text +0 +2 +3 to 4 words\n/);
  expect(text.stdout).toMatch(/\nlabel\n +common +31 +█+\n +rare +10 +█+\n/);
  for (const line of text.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(records(record.stdout)[0]).toMatchObject({
    rows: 41,
    duplicates: 1,
    columns: [
      { name: "day", kind: "dates", ends: ["2024-01-01", "2024-01-28"] },
      { name: "x", kind: "numbers", missing: 1, numbers: { count: 40, min: 0, max: 9.75 } },
      { name: "label", kind: "text", counts: { common: 31, rare: 10 } },
      { name: "review", lengths: { min: 3, mean: expect.closeTo(3.51, 2), max: 4 } },
    ],
  });
});

test("the data of a spec: the columns of its file, then splits, classes and arrays as the model reads them", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const spec = {
    data: {
      type: "sequences",
      file: "t.csv",
      unit: "word",
      columns: { text: "review", label: "label" },
      split: { validation: 0.25, order: "time" },
    },
    model: [
      { layer: "embedding", size: 2 },
      { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
      { layer: "projection", size: "classes" },
    ],
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam" },
  };
  writeFileSync(join(folder, "spec.json"), JSON.stringify(spec));
  const [text, record] = await Promise.all([
    rnnx("inspect", join(folder, "spec.json"), "--data"),
    rnnx("inspect", join(folder, "spec.json"), "--data", "--json"),
  ]);
  const counts = (from: number, to: number, name: string) =>
    [...rows, rows[39] ?? []].slice(from, to).filter(([, , label]) => label === name).length;
  const { examples, classes, arrays } = records(record.stdout)[0] as Record<string, unknown>;
  const { train } = examples as { train: number };
  expect(classes).toEqual(
    ["common", "rare"].map((name) => ({
      target: "",
      name,
      counts: { train: counts(0, train, name), validation: counts(train, 41, name), test: 0 },
    })),
  );
  expect(arrays).toContainEqual(
    expect.objectContaining({ name: "lengths", numbers: expect.objectContaining({ min: 3, max: 4 }) }),
  );
  expect(text.stdout).toMatch(/\nexamples +\d+ train, \d+ validation\n/);
  expect(text.stdout).toMatch(/\nclasses \(train, validation\)\n +common +\d+ +\d+ +█+\n/);
});

test("Parquet, and mistakes with their way out", async () => {
  const parquet = fileURLToPath(new URL("../../fixtures/tables/reviews.parquet", import.meta.url));
  const [typed, missing, kind, set, both] = await Promise.all([
    rnnx("inspect", "--data", parquet, "--json"),
    rnnx("inspect", "--data", "none.csv"),
    rnnx("inspect", "--data", "README.md"),
    rnnx("inspect", "--data", parquet, "--set", "seed=1"),
    rnnx("inspect", "specs/hello.json", "--data", "--resolved"),
  ]);
  expect(records(typed.stdout)[0]).toMatchObject({ rows: 24, duplicates: 0, columns: { length: 5 } });
  for (const { code } of [missing, kind, set, both]) expect(code).toBe(2);
  expect(missing.stderr).toContain('"none.csv" does not exist');
  expect(kind.stderr).toContain('the columns of "README.md" are not known');
  expect(set.stderr).toContain("--set changes a spec, not a data file");
  expect(both.stderr).toContain("cannot be combined");
});

test("statistics of many numbers: exact range, mean and deviation, shares of a sample", () => {
  const collector = collectNumbers();
  const numbers = Array.from({ length: 50_000 }, (_, index) => 3 + ((index * 7919) % 50_000) / 50_000);
  for (const number of [...numbers, Number.NaN]) collector.add(number);
  const statistics = collector.finish();
  expect(statistics).toMatchObject({ count: 50_000, min: 3, max: 3.99998 });
  expect(statistics?.mean).toBeCloseTo(numbers.reduce((sum, each) => sum + each, 0) / 50_000, 10);
  expect(statistics?.deviation).toBeCloseTo(Math.sqrt((50_000 ** 2 - 1) / 12) / 50_000, 8);
  for (const share of statistics?.histogram ?? []) expect(share).toBeCloseTo(1 / 12, 2);
  expect(collectNumbers().finish()).toBeNull();
});
