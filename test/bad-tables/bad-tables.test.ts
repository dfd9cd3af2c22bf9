/** Tables as people have them, with one mistake each: the message has its line or key and a way out. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../runtime/data/index.js";
import { readSpec } from "../../schema/read.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface BadTable {
  readonly name: string;
  readonly text: string;
  readonly file?: string;
  readonly encoding?: "utf16le" | "utf16le-bom" | "utf16be-bom" | "latin1";
  /** True for a loss of classes. */
  readonly classes?: boolean;
  /** Keys of the data; `loss` is that of the spec. */
  readonly data?: Readonly<Record<string, unknown>>;
}

const tables: readonly BadTable[] = JSON.parse(readFileSync(join(import.meta.dirname, "tables.json"), "utf8"));
const expectedFile = join(import.meta.dirname, "expected.txt");

function bytesOf({ text, encoding }: BadTable): Buffer {
  if (encoding === undefined) return Buffer.from(text, "utf8");
  if (encoding === "latin1") return Buffer.from(text, "latin1");
  const units = Buffer.from(encoding === "utf16le" ? text : `\uFEFF${text}`, "utf16le");
  return encoding === "utf16be-bom" ? units.swap16() : units;
}

/** The problems of a table as lines, or its notices where it has none. */
async function reportOf(table: BadTable): Promise<readonly string[]> {
  const folder = join(temporaryFolder(), "data");
  mkdirSync(folder);
  const file = table.file ?? "t.csv";
  writeFileSync(join(folder, file), bytesOf(table));
  const { loss = table.classes ? "cross_entropy" : "squared_error", ...data } = table.data ?? {};
  const window = "window" in data ? [{ layer: "pool", mode: "last" }] : [];
  const spec = {
    name: "t",
    data: { type: "table", file, target: ["y"], ...data },
    model: [...window, { layer: "dense", size: "classes" }],
    loss: { type: loss },
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  const read = await readSpec(JSON.stringify(spec), { file: "spec.json", folder });
  const describe = (place: string, message: string, hint?: string) => `  ${place}${message}${hint ? ` ${hint}` : ""}`;
  if (!read.ok) return read.diagnostics.map(({ path, message, hint }) => describe(`${path}: `, message, hint));
  const opened = await openData(read.spec, folder);
  if (opened.ok) return ["  read", ...(opened.value.notices ?? []).map((notice) => `  ${notice}`)];
  return opened.error.map(({ path, line, column, message, hint }) => {
    const place = line === undefined ? `${path}: ` : column === undefined ? "" : `(column ${column}) `;
    return describe(place, message, hint);
  });
}

test("every mistake has its place and a way out", { timeout: 120_000 }, async () => {
  const reports: string[] = [];
  for (const table of tables) reports.push([table.name, ...(await reportOf(table))].join("\n"));
  const actual = `${reports.join("\n\n")}\n`;
  if (process.env.RNNX_UPDATE === "1") writeFileSync(expectedFile, actual);
  expect(actual.split("\n\n")).toEqual(readFileSync(expectedFile, "utf8").split("\n\n"));
});
