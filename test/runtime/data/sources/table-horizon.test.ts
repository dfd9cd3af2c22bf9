/** With the horizon 0 no target is an input; and headers that may be rows, or rows that may be headers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inferSignature } from "../../../../runtime/data/data-signature.js";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import {
  crossEntropy,
  lastModel,
  numbersModel,
  type SpecParts,
  specOf,
  squaredError,
  tableData,
} from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

async function opened(csv: string, data: Partial<NormalTableData>, parts: SpecParts = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const spec = specOf({
    model: lastModel,
    loss: squaredError,
    data: { ...tableData, file: "t.csv", ...data },
    ...parts,
  });
  return { spec, source: await openData(spec, folder), inferred: await inferSignature(spec, folder) };
}

async function open(...request: Parameters<typeof opened>) {
  const { source } = await opened(...request);
  if (!source.ok) throw new Error(source.error.map(({ message }) => message).join("\n"));
  return source.value;
}

/** Messages of the problems of the file, and of those that the spec alone shows. */
async function problems(...request: Parameters<typeof opened>) {
  const { source, inferred } = await opened(...request);
  return {
    data: source.ok ? [] : source.error.map(({ message }) => message),
    spec: inferred.ok ? [] : inferred.error.map(({ message }) => message),
  };
}

const rows = Array.from({ length: 8 }, (_, row) => `${row},${100 + row},${3 * row}\n`);
const csv = `a,b,y\n${rows.join("")}`;

describe("the horizon 0", () => {
  test.each<[string, Partial<NormalTableData>, number[], number[], string[]]>([
    ["a target in columns", { columns: ["a", "y"], target: ["y"] }, [0, 1], [3], ["y"]],
    ["by its number", { columns: ["a", 3], target: ["y"] }, [0, 1], [3], ["y"]],
    ["all numeric columns", { target: ["y"] }, [0, 100, 1, 101], [3], []],
    ["several targets", { columns: ["y", "a", "b"], target: ["b", "y"] }, [0, 1], [101, 3], ["y", "b"]],
    ["reversed rows", { columns: ["y", "a"], target: ["y"], reverse: true }, [7, 6], [18], ["y"]],
    [
      "scaled columns",
      { columns: ["y", "a"], target: ["y"], scale: { type: "min_max", per: "column" } },
      [0, 1 / 7],
      [1 / 7],
      ["y"],
    ],
  ])("%s: no target is an input", async (_, columns, inputs, targets, left) => {
    const source = await open(csv, { window: 2, horizon: [0], ...columns });
    const batch = source.batch([0]);
    expect(batch.get("inputs")?.data).toEqual(Float32Array.from(inputs));
    expect(batch.get("targets")?.data).toEqual(Float32Array.from(targets));
    expect(source.notices).toEqual(
      left.length === 0 ? [] : [`With the horizon [0] the target columns are no inputs: ${left.join(", ")}.`],
    );
    const again = { window: 2, horizon: [0], ...columns, columns: source.metadata.columns as string[] };
    expect((await open(csv, again)).notices).toEqual([]);
  });

  test("an output per step", async () => {
    const source = await open(
      csv,
      { window: 2, horizon: [0], columns: ["a", "y"], target: ["y"] },
      { model: numbersModel },
    );
    expect(source.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(1, 2));
    expect(source.batch([1]).get("targets")?.data).toEqual(Float32Array.of(3, 6));
  });

  test("classes in columns", async () => {
    const labels = "x,kind\n1,a\n2,b\n";
    const data = { window: 1, horizon: [0], columns: ["x", "kind"], target: ["kind"] };
    const source = await open(labels, data, { loss: crossEntropy });
    expect(source.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(2));
    expect(source.notices).toEqual(["With the horizon [0] the target columns are no inputs: kind."]);
  });

  const message = (reason: string) =>
    `With the horizon [0] the columns to predict are no inputs, and none is left: ${reason}.`;

  test.each<[string, Partial<NormalTableData>, string, boolean]>([
    ["no target", {}, "data.target is null, so all columns are targets", true],
    ["columns without a target", { columns: ["a", "y"] }, "data.target is null, so all columns are targets", true],
    ["the target alone", { columns: ["y"], target: ["y"] }, "all inputs are target columns", true],
    ["by its number", { columns: [3], target: ["y"] }, "all inputs are target columns", false],
  ])("%s: refused, by validate too where the spec shows it", async (_, columns, reason, isInSpec) => {
    const found = await problems(csv, { window: 2, horizon: [0], ...columns });
    expect(found).toEqual({ data: [message(reason)], spec: isInSpec ? [message(reason)] : [] });
  });

  test("validate knows the number of inputs", async () => {
    const sizeOf = async (columns: NormalTableData["columns"]) => {
      const { inferred } = await opened(csv, { window: 2, horizon: [0], columns, target: ["y"] });
      return inferred.ok ? inferred.value.signatures[0]?.inputs.shape[2] : undefined;
    };
    expect(await sizeOf(["a", "b", "y"])).toBe(2);
    expect(await sizeOf(["a", 3])).toBe("features");
    expect(await sizeOf(null)).toBe("features");
  });
});

describe("the first row", () => {
  const noticesOf = async (text: string, data: Partial<NormalTableData> = {}) =>
    (await open(text, { window: 1, target: [2], ...data })).notices;

  test("with numbers, read as names: a notice with the way out", async () => {
    expect(await noticesOf("good,1,2\ngood,2,3\nbad,3,4\n", { columns: [2, 3] })).toEqual([
      'The first row of "t.csv" names the columns: good, 1, 2. If it has values, set data.header to false.',
    ]);
  });

  test("of names alone, an unnamed column, or a header that the spec states: no notice", async () => {
    expect(await noticesOf("x,y\n1,2\n3,4\n")).toEqual([]);
    expect(await noticesOf(",x,y\n0,1,2\n1,3,4\n")).toEqual([]);
    expect(await noticesOf("x,2019\n1,2\n3,4\n", { header: true })).toEqual([]);
    expect(await noticesOf("1,2\n3,4\n5,6\n")).toEqual([]);
  });

  test.each<[string, Partial<NormalTableData>]>([
    ["all columns", {}],
    ["a column", { columns: [1], target: [2] }],
  ])("of names where the spec has no header (%s): the hint is data.header", async (_, data) => {
    const { source } = await opened("x,y\n1,2\n3,4\n5,6\n", { window: 1, header: false, ...data });
    const hints = source.ok ? [] : source.error.map(({ hint }) => hint);
    expect(hints.length).toBeGreaterThan(0);
    for (const hint of hints) expect(hint).toMatch(/data\.header/);
  });
});
