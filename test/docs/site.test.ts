/** The documentation as a site: every page there, every link leading somewhere, nothing from elsewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/spawn.js";

const out = join(temporaryFolder(), "site");
let pages: readonly string[] = [];

beforeAll(async () => {
  const { buildSite } = await import(join(root, "docs/site/build.mjs"));
  pages = buildSite(out);
});

const textOf = (page: string) => readFileSync(join(out, page), "utf8");

test("every page of the documentation is in the menu", () => {
  const markdownFiles = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("decisions/"))
    .map((name) => name.replace(/\.md$/, ".html"));
  expect([...pages].sort()).toEqual([...markdownFiles, "contributing.html", "decisions.html"].sort());
});

test("every link leads to a page, a heading or a file", () => {
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, target = ""] of textOf(page).matchAll(/(?:href|src)="([^"]*)"/g)) {
      if (/^(https?:|data:)/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      const isPresent = existsSync(join(out, file));
      const exists = isPresent && (anchor === undefined || textOf(file).includes(`id="${anchor}"`));
      if (!exists) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test("pages load nothing from a network", () => {
  const loads = /<(?:script|img|iframe|link)[^>]*(?:src|href)="https?:|@import|url\(/;
  expect(pages.filter((page) => loads.test(textOf(page)))).toEqual([]);
  expect(readFileSync(join(out, "style.css"), "utf8")).not.toMatch(/@import|url\(/);
});

test("no page shows a comment or a fence's flags", () => {
  const broken = pages.filter((page) =>
    /&lt;!--|not-run|steps=\d|file=/.test(textOf(page).replaceAll("--set data.file=", "")),
  );
  expect(broken.filter((page) => !["contributing.html", "reference/cli.html"].includes(page))).toEqual([]);
});
