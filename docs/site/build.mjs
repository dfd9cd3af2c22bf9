/** Builds the documentation as static pages: `npm run docs`, into the folder `site/` or another one that is named. Nothing on them needs a network. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { sections } from "./pages.mjs";
import { render } from "./render.mjs";

const docs = fileURLToPath(new URL("..", import.meta.url));
const root = join(docs, "..");
const here = join(docs, "site");

/** The text of a page; some are made of what lies elsewhere. */
function sourceOf(file) {
  if (file === "contributing.md") return readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  if (file !== "decisions.md") return readFileSync(join(docs, file), "utf8");
  const names = readdirSync(join(docs, "decisions")).filter((name) => name.endsWith(".md"));
  const pages = names.sort().map((name) => readFileSync(join(docs, "decisions", name), "utf8").replace(/^# /m, "## "));
  return ["# Decisions", "Why things are as they are, one question at a time.", ...pages].join("\n\n");
}

const htmlOf = (file) => file.replace(/\.md$/, ".html");

/** Where a link in a page leads: to another page, to a file that is copied beside it, or out of the site. */
function linkIn(file, pages, copied) {
  return (target) => {
    if (/^(https?:|#)/.test(target)) return target;
    const [path, anchor] = target.split("#");
    const base = file === "contributing.md" ? "." : posix.dirname(posix.join("docs", file));
    const found = posix.normalize(posix.join(base, path));
    const page =
      found === "CONTRIBUTING.md"
        ? "contributing.md"
        : /^docs\/decisions(\/|$)/.test(found)
          ? "decisions.md"
          : found.replace(/^docs\//, "");
    const to =
      pages.includes(page) && found.startsWith("docs/") | (page === "contributing.md")
        ? htmlOf(page)
        : posix.join("files", found);
    if (to.startsWith("files/")) copied.add(found);
    return posix.relative(posix.dirname(file), to) + (anchor === undefined ? "" : `#${anchor}`);
  };
}

function menu(current, titles) {
  const up = posix.relative(posix.dirname(current), "") || ".";
  return sections
    .map(({ title, pages }) => {
      const items = pages.map(({ file, label }) => {
        const here = file === current ? ' aria-current="page"' : "";
        return `<li><a href="${posix.join(up, htmlOf(file))}"${here}>${label ?? titles.get(file)}</a></li>`;
      });
      return `${title === "" ? "" : `<h2>${title}</h2>`}<ul>${items.join("")}</ul>`;
    })
    .join("");
}

function contents(headings) {
  const shown = headings.filter(({ rank }) => rank === 2 || headings.length <= 16);
  if (shown.length < 3) return "";
  const items = shown.map(
    ({ rank, title, anchor }) => `<li class="rank${rank}"><a href="#${anchor}">${title}</a></li>`,
  );
  return `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${items.join("")}</ul></nav>`;
}

function pageText({ file, title, html, headings, titles, before, after }) {
  const up = posix.relative(posix.dirname(file), "") || ".";
  const step = (name, to) =>
    to === undefined
      ? "<span></span>"
      : `<a class="${name}" href="${posix.join(up, htmlOf(to))}">${titles.get(to)}</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === "rnnx" ? "rnnx" : `${title} · rnnx`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${posix.join(up, "style.css")}">
</head>
<body>
<header><a class="name" href="${posix.join(up, "index.html")}">rnnx</a><span>recurrent networks as JSON, trained as ONNX</span></header>
<div class="page${file.startsWith("reference/") ? " wide" : ""}">
<details class="menu"><summary>Menu</summary><nav aria-label="Pages">${menu(file, titles)}</nav></details>
<main>${html}<footer>${step("before", before)}${step("after", after)}</footer></main>
${contents(headings)}
</div>
<script>if (innerWidth > 900) document.querySelector(".menu").open = true;</script>
</body>
</html>
`;
}

/** Writes the site; the answer is its pages, as HTML files. */
export function buildSite(out) {
  const pages = sections.flatMap(({ pages }) => pages.map(({ file }) => file));
  const copied = new Set();
  const rendered = pages.map((file) => ({ file, ...render(sourceOf(file), linkIn(file, pages, copied)) }));
  const titles = new Map(rendered.map(({ file, title }) => [file, title]));
  rmSync(out, { recursive: true, force: true });
  for (const [index, page] of rendered.entries()) {
    const target = join(out, htmlOf(page.file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, pageText({ ...page, titles, before: pages[index - 1], after: pages[index + 1] }));
  }
  copyFileSync(join(here, "style.css"), join(out, "style.css"));
  for (const file of copied) {
    const from = join(root, file);
    if (!existsSync(from)) throw new Error(`A page links to ${file}, which does not exist.`);
    const target = join(out, "files", file);
    mkdirSync(dirname(target), { recursive: true });
    if (/\.\w+$/.test(file)) copyFileSync(from, target);
    else writeFileSync(join(out, "files", `${file}.html`), "");
  }
  return rendered.map(({ file }) => htmlOf(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2] ?? join(root, "site");
  const pages = buildSite(out);
  console.log(`${pages.length} pages in ${relative(process.cwd(), out) || "."}`);
}
