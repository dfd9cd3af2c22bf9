/** Spec files and command-line overrides: unreadable files, and changes by flags. */
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSpec, readSpecFile } from "../../schema/read.js";
import type { Spec } from "../../schema/spec.types.js";
import { base, lines, normal, problems } from "../support/read-spec.js";

describe("files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rnnx-read-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(name: string, content?: string | Uint8Array) {
    if (content !== undefined) await writeFile(join(folder, name), content);
    const result = await readSpecFile(join(folder, name));
    return result.ok ? result : lines(result.diagnostics).map((line) => line.replace(folder, "…"));
  }

  test("a spec: named after its file, relative to its folder", async () => {
    const result = await read("my first spec.json", JSON.stringify(base));
    expect(result).toMatchObject({ ok: true, folder, spec: { name: "my-first-spec" } });
  });

  test("a byte-order mark is accepted, and does not count as a column", async () => {
    expect(await read("bom.json", `\ufeff${JSON.stringify(base)}`)).toMatchObject({ ok: true });
    expect(await read("bom.json", '\ufeff{"zzz": 1}')).toContainEqual(expect.stringMatching(/^1:2 unknown-key/));
  });

  test("texts and values without a file name", async () => {
    const text = JSON.stringify(base);
    expect(await readSpec(`\ufeff${text}`, { file: "_.json" })).toMatchObject({ ok: true, spec: { name: "model" } });
    expect(await readSpec({ ...base, seed: 3 } as Spec)).toMatchObject({ ok: true, spec: { name: "spec", seed: 3 } });
  });

  test("a missing file, an empty file, a directory", async () => {
    expect(await read("none.json")).toEqual(['1:1 file-missing | "…/none.json" does not exist.']);
    expect(await read("empty.json", "")).toEqual(["1:1 empty | The text is empty. | A spec is a JSON object: { … }."]);
    await mkdir(join(folder, "folder.json"));
    expect(await read("folder.json")).toEqual([
      "1:1 not-a-file | …/folder.json: the path is not a file. | Give the path of the spec's JSON file.",
    ]);
  });

  test.skipIf(process.getuid?.() === 0)("a file without read permission", async () => {
    await writeFile(join(folder, "secret.json"), "{}");
    await chmod(join(folder, "secret.json"), 0);
    expect(await read("secret.json")).toEqual(["1:1 file-not-readable | …/secret.json: permission denied."]);
  });

  test.each<[string, Uint8Array, number, string]>([
    ["one byte", Buffer.from([0x7b, 0xff, 0x7d]), 1, "ff"],
    ["UTF-16", Buffer.from('\ufeff{"a": 1}', "utf16le"), 1, "ff"],
    ["Latin-1 in the third line", Buffer.from('{\n  "name": "ok",\r\n  "x": "caf\u00e9" }', "latin1"), 3, "e9"],
    ["a cut character at the end", Buffer.from('{\r"\u20ac"}\ud83d\ude00').subarray(0, -1), 2, "f0"],
  ])("not UTF-8: %s", async (_, bytes, line, byte) => {
    const expected = `${line}:1 not-utf8 | …/bytes.json: line ${line} is not UTF-8 text: it has the byte 0x${byte}. | Save it as UTF-8.`;
    expect(await read("bytes.json", bytes)).toEqual([expected]);
  });

  test("30 MB are refused before they are read", async () => {
    await writeFile(join(folder, "huge.json"), "{");
    await truncate(join(folder, "huge.json"), 30 * 1024 * 1024);
    expect(await read("huge.json")).toEqual([
      "1:1 too-large | …/huge.json: the file is 30 MB; the limit for a spec is 16 MB. | Store large arrays in .npy files and name those files in the spec.",
    ]);
  });
});

describe("overrides", () => {
  const set = (path: string, value: string) => ({ path, value, flag: `--set ${path}=${value}` });
  const withSet = async (path: string, value: string, spec: object = base) =>
    (await normal(spec, { overrides: [set(path, value)] })).spec;

  test("numbers, text, and new objects", async () => {
    expect((await withSet("seed", "7")).seed).toBe(7);
    expect((await withSet("name", "other-name")).name).toBe("other-name");
    expect((await withSet("data.text", '"1234567"')).data).toMatchObject({ text: "1234567" });
    expect((await withSet("model.1.hidden_size", "8")).model[1]).toMatchObject({ cells: [{ hidden_size: 8 }] });
    expect((await withSet("optimizer.clip.global_norm", "5")).optimizer.clip).toEqual({ global_norm: 5 });
    expect((await withSet("optimizer.clip", '{"value": 1}')).optimizer.clip).toEqual({ value: 1 });
  });

  test("the last override of a path wins", async () => {
    const { spec } = await normal(base, { overrides: [set("seed", "1"), set("seed", "2")] });
    expect(spec.seed).toBe(2);
  });

  test("steps replace epochs, and a file the text", async () => {
    expect((await withSet("train.steps", "5", { ...base, train: { epochs: 3 } })).train).toMatchObject({
      steps: 5,
      epochs: null,
    });
    expect((await withSet("train.epochs", "5", { ...base, train: { steps: 3 } })).train).toMatchObject({
      steps: null,
      epochs: 5,
    });
    expect((await withSet("data.file", "other.txt")).data).toMatchObject({ text: null, file: "other.txt" });
  });

  test.each([
    [
      "model.7.hidden_size",
      "8",
      '1:61 bad-override | --set model.7.hidden_size=8: model has entries 0 to 1, but no "7".',
    ],
    ["model.x", "8", '1:61 bad-override | --set model.x=8: model has entries 0 to 1, but no "x".'],
    [
      "loss.type.x",
      "8",
      '1:144 bad-override | --set loss.type.x=8: loss.type is not an object or a list, so it has no "x".',
    ],
    [
      "model.1.cell.x",
      "8",
      '1:104 bad-override | --set model.1.cell.x=8: model.1.cell is not an object or a list, so it has no "x".',
    ],
    ["a..b", "8", "1:1 bad-override | --set a..b=8: the path has an empty key."],
    ["a.__proto__.b", "8", '1:1 bad-override | --set a.__proto__.b=8: the key "__proto__" is not allowed.'],
    [
      "seed",
      '{"constructor": 1}',
      '1:1 bad-override | --set seed={"constructor": 1}: The key "constructor" is not allowed.',
    ],
    ["seed", "1e999", "1:1 bad-override | --set seed=1e999: The number is out of the range of float64."],
    [
      "sede",
      "1",
      '1:1 unknown-key /sede | Unknown key "sede" in the spec (set by --set sede=1). | Did you mean "seed"?',
    ],
    [
      "seed",
      "many",
      '1:1 wrong-type /seed | "seed" must be an integer from 0 to 4294967295, but is "many" (set by --set seed=many).',
    ],
  ])("%s=%s", async (path, value, expected) => {
    expect(await problems(base, { overrides: [set(path, value)] })).toEqual([expected]);
  });

  test("a path has a limited depth", async () => {
    const path = Array(60_000).fill("a").join(".");
    expect(await problems(base, { overrides: [{ path, value: "1", flag: "--set" }] })).toEqual([
      "1:1 bad-override | --set: the path has more than 64 keys.",
    ]);
  });
});
