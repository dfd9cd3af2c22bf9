/** A page's folder on a disk that fails: there is the whole page or none, an earlier page stays one, and nothing else is left. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { disk, openDisk } from "../../runtime/disk.js";
import { type PageFile, writePageFolder } from "../../runtime/web/folder.js";
import { failing } from "./faults.js";
import { temporaryFolder } from "./folder.js";

const files = (text: string, source: string): readonly PageFile[] => [
  { name: "index.html", content: Buffer.from(text) },
  { name: "ort/runtime.mjs", copyOf: source },
  { name: "page.json", content: Buffer.from(text) },
];

function contents(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), "utf8")]));
}

const whole = (text: string) => ({ "index.html": text, "runtime.mjs": "ort", "page.json": text });

function place() {
  const folder = temporaryFolder();
  const source = join(folder, "source.mjs");
  writeFileSync(source, "ort");
  const site = join(folder, "site");
  mkdirSync(site);
  return { site, page: join(site, "page"), source };
}

describe("a page", () => {
  test("is written into folders that are not there yet, and says what it holds", async () => {
    const { site, source } = place();
    const out = join(site, "deep", "page");
    expect(await writePageFolder(disk, out, files("new", source))).toEqual([
      { name: "index.html", bytes: 3 },
      { name: "ort/runtime.mjs", bytes: 3 },
      { name: "page.json", bytes: 3 },
    ]);
    expect(contents(out)).toEqual(whole("new"));
    expect(readdirSync(join(site, "deep"))).toEqual(["page"]);
  });

  test("takes the place of an earlier one, beside what a person has put there", async () => {
    const { site, page, source } = place();
    await writePageFolder(disk, page, files("old", source));
    writeFileSync(join(page, "robots.txt"), "mine");
    await writePageFolder(disk, page, files("new", source));
    expect(contents(page)).toEqual({ ...whole("new"), "robots.txt": "mine" });
    expect(readdirSync(site)).toEqual(["page"]);
  });

  test.each(["ENOSPC", "EIO"] as const)("is whole or not there after any call that ends with %s", async (fault) => {
    const { site, page, source } = place();
    const { files: counted, calls } = failing(fault, Number.POSITIVE_INFINITY);
    await writePageFolder(openDisk(counted), page, files("new", source));
    disk.remove(page);
    for (let at = 0; at < calls(); at++) {
      const writing = writePageFolder(openDisk(failing(fault, at).files), page, files("new", source));
      await expect(writing).rejects.toThrow(fault);
      if (readdirSync(site).includes("page")) expect(contents(page)).toEqual(whole("new"));
      disk.remove(page);
    }
  });

  test("that was there stays a page, each of whose files is an old or a new one", async () => {
    const { page, source } = place();
    await writePageFolder(disk, page, files("old", source));
    const { files: counted, calls } = failing("EIO", Number.POSITIVE_INFINITY);
    await writePageFolder(openDisk(counted), page, files("old", source));
    for (let at = 0; at < calls(); at++) {
      await expect(writePageFolder(openDisk(failing("EIO", at).files), page, files("new", source))).rejects.toThrow();
      const found = contents(page);
      expect(Object.keys(found).sort()).toEqual(["index.html", "page.json", "runtime.mjs"]);
      for (const text of Object.values(found)) expect(["old", "new", "ort"]).toContain(text);
    }
  });
});
