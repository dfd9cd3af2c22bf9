/** The documentation as pages and as a site: every page is in the menu, every link resolves, nothing is loaded from a network. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { promisify } from "node:util";
import MarkdownIt from "markdown-it";
import { beforeAll, describe, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/spawn.js";

const site = join(root, "docs/site");
const { anchorOf } = await import(join(site, "markdown.mjs"));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

/** Markdown files of `docs/`, relative to it. */
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".md") && !name.startsWith("site/"))
  .sort();
const files = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ...docs.map((name) => `docs/${name}`)];

describe("pages in Markdown", () => {
  const markdown = new MarkdownIt({ html: true });
  const tokensOf = (file: string) =>
    markdown.parse(textOf(file), {}).flatMap((token) => [token, ...(token.children ?? [])]);

  test("are all in the menu", async () => {
    const { sections } = await import(join(site, "pages.mjs"));
    const listed = sections.flatMap(({ pages }: { pages: { file: string }[] }) => pages.map(({ file }) => file));
    const expected = docs.filter((name) => !name.startsWith("decisions/") || name === "decisions/index.md");
    expect([...listed].sort()).toEqual([...expected, "changelog.md", "contributing.md"].sort());
  });

  test("link to existing headings and files", () => {
    const broken: string[] = [];
    for (const file of files) {
      for (const token of tokensOf(file)) {
        const target = token.attrGet("href") ?? token.attrGet("src");
        if (target === null || /^\w+:/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const found = path === "" ? file : posix.join(posix.dirname(file), path);
        if (!existsSync(join(root, found))) broken.push(`${file}: ${target}`);
        else if (anchor !== undefined && !headingsOf(found).includes(anchor)) broken.push(`${file}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test("have a title, and headings with distinct anchors in generated pages", () => {
    expect(files.filter((file) => !/^# \S/m.test(textOf(file)))).toEqual([]);
    const repeated = files
      .filter((file) => file.startsWith("docs/reference/"))
      .filter((file) => new Set(headingsOf(file)).size !== headingsOf(file).length);
    expect(repeated).toEqual([]);
  });

  test("show no picture from a network", () => {
    expect(files.filter((file) => tokensOf(file).some((token) => /^https?:/.test(token.attrGet("src") ?? "")))).toEqual(
      [],
    );
  });

  const headingsOf = (file: string): readonly string[] =>
    [...textOf(file).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => anchorOf(title.replaceAll("`", "")));
});

/** `npm run docs` installs the site generator; without it the pages in Markdown are checked alone. */
describe.skipIf(!existsSync(join(site, "node_modules/vitepress")))("the built site", () => {
  const out = join(temporaryFolder(), "site");
  let pages: readonly string[] = [];
  const pageText = (page: string) => readFileSync(join(out, page), "utf8");

  beforeAll(async () => {
    const vitepress = join(site, "node_modules/vitepress/bin/vitepress.js");
    const env = { ...process.env, NODE_ENV: "production" };
    await promisify(execFile)(process.execPath, [vitepress, "build", site, "--outDir", out], { cwd: site, env });
    pages = readdirSync(out, { recursive: true, encoding: "utf8" })
      .map((name) => name.replaceAll("\\", "/"))
      .filter((name) => name.endsWith(".html") && name !== "404.html" && !name.startsWith("files/"));
  }, 120_000);

  test("has every page", () => {
    const expected = [...docs, "contributing.md", "changelog.md"].map((name) => name.replace(/\.md$/, ".html"));
    expect([...pages].sort()).toEqual(expected.sort());
  });

  test("has links that resolve", () => {
    const broken: string[] = [];
    for (const page of pages) {
      for (const [, target = ""] of pageText(page).matchAll(/(?:href|src)="([^"]*)"/g)) {
        if (/^(\w+:|#$)/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const absolute = path === "" ? page : posix.join(path.startsWith("/") ? "" : posix.dirname(page), path);
        const file = [absolute, `${absolute}index.html`, `${absolute}/index.html`].find(
          (candidate) => existsSync(join(out, candidate)) && statSync(join(out, candidate)).isFile(),
        );
        const id = anchor === undefined ? "" : `id="${decodeURIComponent(anchor)}"`;
        if (file === undefined || !(id === "" || pageText(file).includes(id))) broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test("loads nothing from a network", () => {
    const loads = /<(?:script|img|iframe|link)[^>]*(?:src|href)="https?:/;
    expect(pages.filter((page) => loads.test(pageText(page)))).toEqual([]);
    const styles = readdirSync(join(out, "assets")).filter((name) => name.endsWith(".css"));
    expect(styles.length).toBeGreaterThan(0);
    expect(styles.filter((name) => /@import|url\(['"]?https?:/.test(pageText(`assets/${name}`)))).toEqual([]);
  });

  test("shows no comment and no fence flag", () => {
    const shown = pages.filter((page) =>
      /&lt;!--|not-run|steps=\d|[^.]file=/.test(pageText(page).replaceAll("--set data.file=", "")),
    );
    expect(shown.filter((page) => !["contributing.html", "reference/cli.html"].includes(page))).toEqual([]);
  });

  test("searches without a network", () => {
    expect(readdirSync(join(out, "assets/chunks")).some((name) => name.includes("localSearchIndex"))).toBe(true);
  });
});
