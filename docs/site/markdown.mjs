/** Markdown of the repository as pages of the site: fence flags, hidden blocks, links between and out of the pages. */
import { posix, relative } from "node:path";

/** The anchor of a heading, as GitHub writes it. */
export const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}0-9 _-]/gu, "")
    .replaceAll(" ", "-");

/** The link on the site for a link of a file; both are relative paths. Files that are no pages are collected. */
function linkOnSite(target, file, linkedFiles) {
  if (/^(\w+:|#)/.test(target)) return target;
  const [path, anchor] = target.split("#");
  const found = posix.normalize(posix.join(posix.dirname(file), path));
  const suffix = anchor === undefined ? "" : `#${anchor}`;
  if (found === "CONTRIBUTING.md" || found === "CHANGELOG.md") return `/${found.toLowerCase()}${suffix}`;
  if (found.startsWith("docs/") && found.endsWith(".md")) return `/${found.slice(5)}${suffix}`;
  if (posix.extname(found) === "") return;
  linkedFiles.add(found);
  return `/files/${found}`;
}

/** A link to a folder, which the site does not show, has no target. */
function setTarget(token, target) {
  if (target === undefined) token.attrs = token.attrs.filter(([name]) => name !== "href");
  else token.attrSet("href", target);
}

/**
 * Adds the rules of this repository to a Markdown renderer.
 *
 * A fence's first word is its language, the others are for the tests, save `file=NAME`, which is its title. Comments hold blocks that only tests
 * read.
 */
export function pagesOnly(markdown, { root, linkedFiles }) {
  markdown.core.ruler.push("pages", ({ tokens, env }) => {
    const file = relative(root, env.realPath ?? env.path).replaceAll("\\", "/");
    for (const token of tokens) {
      if (token.type === "html_block" && token.content.startsWith("<!--")) token.content = "";
      if (token.type === "fence") {
        const [language = "", ...flags] = token.info.trim().split(/\s+/);
        token.info = language === "" ? "text" : language;
        token.meta = { title: flags.find((flag) => flag.startsWith("file="))?.slice("file=".length) };
      }
      for (const child of token.children ?? []) {
        if (child.type === "link_open") setTarget(child, linkOnSite(child.attrGet("href"), file, linkedFiles));
      }
    }
  });
  const fence = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const title = tokens[index].meta?.title;
    const heading = title === undefined ? "" : `<div class="file-name">${markdown.utils.escapeHtml(title)}</div>`;
    return `${heading}${fence(tokens, index, ...rest)}`;
  };
}

/** In a console block the copy button takes the commands alone, without their prompt. */
export const consoleLines = {
  name: "console-lines",
  line(node) {
    if (!["console", "shellsession"].includes(this.options.lang)) return;
    if (!textOf(node).startsWith("$ ")) return this.addClassToHast(node, "output vp-copy-ignore");
    dropStart(node, "$ ".length);
    const properties = { class: "prompt vp-copy-ignore" };
    node.children.unshift({ type: "element", tagName: "span", properties, children: [{ type: "text", value: "$ " }] });
  },
};

const textOf = (node) => node.value ?? (node.children ?? []).map(textOf).join("");

/** Removes the first characters of a node's text. @returns the number of characters that are still to be removed. */
function dropStart(node, count) {
  if (node.value === undefined) return node.children.reduce((left, child) => dropStart(child, left), count);
  const { length } = node.value;
  node.value = node.value.slice(count);
  return Math.max(0, count - length);
}
