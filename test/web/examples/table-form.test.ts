/** The form of a page for a row of a table: its arrays are those of the data, and faults name the column. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { formRows, tableForm } from "../../../runtime/web/table-form.js";
import { readSpec } from "../../../schema/read.js";
import { rowBatch } from "../../../web/examples/table-form.js";
import { kindsExample } from "../../support/page-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

test("a row of the data has the arrays of the data", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "flats.csv"), kindsExample.files["flats.csv"]);
  const read = await readSpec(JSON.stringify(kindsExample.spec), { folder });
  if (!read.ok || read.spec.data.type !== "table") throw new Error("The spec cannot be read.");
  const opened = await openData(read.spec, folder);
  const samples = await formRows(read.spec.data, folder);
  if (!opened.ok || !samples.ok || samples.value.type !== "form") throw new Error("The data cannot be opened.");
  const { metadata } = opened.value;
  if (metadata.type !== "table") throw new Error("The data are no table.");
  const form = tableForm(read.spec.data);
  expect(samples.value.rows).toHaveLength(5);
  // A control of dates has ISO 8601.
  const valuesOf = (row: readonly string[]) =>
    new Map(
      form.columns.map(({ name }, index) => [name, (row[index] ?? "").replace(/^(\d+)\.(\d+)\.(\d+)$/, "$3-$2-$1")]),
    );
  for (const [index, row] of samples.value.rows.entries()) {
    const batch = rowBatch(valuesOf(row), form, metadata);
    if (!batch.ok) throw new Error(JSON.stringify(batch.error));
    const { targets: _, ...expected } = Object.fromEntries(opened.value.batch([index]));
    expect(Object.fromEntries(batch.value)).toEqual(expected);
  }
  const fault = (name: string, text: string) => {
    const batch = rowBatch(
      new Map([...valuesOf(samples.value.type === "form" ? (samples.value.rows[0] ?? []) : []), [name, text]]),
      form,
      metadata,
    );
    return batch.ok ? "" : batch.error[0]?.message;
  };
  expect(fault("area", "many m²")).toContain('area is "many m²"');
  expect(fault("built", "")).toBe("built is empty.");
  expect(fault("area", "")).toBe("");
});
