/**
 * A page's folder on a failing disk: a new page is complete or absent, an earlier page stays valid, and nothing else is
 * left.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createDurableFs, durableFs } from "../../../runtime/storage/durable-fs.js";
import { type PageFile, writePageFolder } from "../../../runtime/web/write-page.js";
import { failingFiles } from "../../support/faults.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const files = (text: string, source: string): readonly PageFile[] => [
  { name: "index.html", content: Buffer.from(text) },
  { name: "ort/runtime.mjs", copyOf: source },
  { name: "page.json", content: Buffer.from(text) },
];

function contents(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), "utf8")]));
}

const pageFiles = (text: string) => ({ "index.html": text, "runtime.mjs": "ort", "page.json": text });

function pageFolder() {
  const folder = temporaryFolder();
  const source = join(folder, "source.mjs");
  writeFileSync(source, "ort");
  const site = join(folder, "site");
  mkdirSync(site);
  return { site, page: join(site, "page"), source };
}

describe("a page", () => {
  test("is written to new folders, and lists its files", async () => {
    const { site, source } = pageFolder();
    const out = join(site, "deep", "page");
    expect(await writePageFolder(durableFs, out, files("new", source))).toEqual([
      { name: "index.html", bytes: 3 },
      { name: "ort/runtime.mjs", bytes: 3 },
      { name: "page.json", bytes: 3 },
    ]);
    expect(contents(out)).toEqual(pageFiles("new"));
    expect(readdirSync(join(site, "deep"))).toEqual(["page"]);
  });

  test("replaces an earlier page and keeps other files", async () => {
    const { site, page, source } = pageFolder();
    await writePageFolder(durableFs, page, files("old", source));
    writeFileSync(join(page, "robots.txt"), "mine");
    await writePageFolder(durableFs, page, files("new", source));
    expect(contents(page)).toEqual({ ...pageFiles("new"), "robots.txt": "mine" });
    expect(readdirSync(site)).toEqual(["page"]);
  });

  test.each(["ENOSPC", "EIO"] as const)("is whole or not there after any call that ends with %s", async (failure) => {
    const { site, page, source } = pageFolder();
    const { files: countingFiles, calls } = failingFiles(failure, Number.POSITIVE_INFINITY);
    await writePageFolder(createDurableFs(countingFiles), page, files("new", source));
    durableFs.remove(page);
    for (let callIndex = 0; callIndex < calls(); callIndex++) {
      const writing = writePageFolder(
        createDurableFs(failingFiles(failure, callIndex).files),
        page,
        files("new", source),
      );
      await expect(writing).rejects.toThrow(failure);
      if (readdirSync(site).includes("page")) expect(contents(page)).toEqual(pageFiles("new"));
      durableFs.remove(page);
    }
  });

  test("remains a page of old or new files after a failure", async () => {
    const { page, source } = pageFolder();
    await writePageFolder(durableFs, page, files("old", source));
    const { files: countingFiles, calls } = failingFiles("EIO", Number.POSITIVE_INFINITY);
    await writePageFolder(createDurableFs(countingFiles), page, files("old", source));
    for (let callIndex = 0; callIndex < calls(); callIndex++) {
      await expect(
        writePageFolder(createDurableFs(failingFiles("EIO", callIndex).files), page, files("new", source)),
      ).rejects.toThrow();
      const remaining = contents(page);
      expect(Object.keys(remaining).sort()).toEqual(["index.html", "page.json", "runtime.mjs"]);
      for (const text of Object.values(remaining)) expect(["old", "new", "ort"]).toContain(text);
    }
  });
});
