/** Markdown as HTML: headings with anchors, code in colours, links to pages, tables that scroll by themselves. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import MarkdownIt from "markdown-it";

for (const [name, language] of Object.entries({ bash, javascript, json, typescript, xml }))
  hljs.registerLanguage(name, language);
const languages = {
  json: "json",
  jsonl: "json",
  jsonc: "json",
  ts: "typescript",
  js: "javascript",
  sh: "bash",
  html: "xml",
};

export const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}0-9 _-]/gu, "")
    .replaceAll(" ", "-");

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A terminal: commands stand out, answers stand back. */
function terminal(text) {
  const lines = text.trimEnd().split("\n");
  return lines
    .map((line) =>
      line.startsWith("$ ")
        ? `<span class="prompt">$</span> <b>${escaped(line.slice(2))}</b>`
        : `<span class="out">${escaped(line)}</span>`,
    )
    .join("\n");
}

const markdown = new MarkdownIt({ html: true, linkify: false });
markdown.renderer.rules.fence = (tokens, index) => {
  const { content, info } = tokens[index];
  const [word = "", ...flags] = info.trim().split(/\s+/);
  const file = flags.find((flag) => flag.startsWith("file="))?.slice(5);
  const body =
    word === "console"
      ? terminal(content)
      : word in languages
        ? hljs.highlight(content, { language: languages[word] }).value
        : escaped(content);
  const title = file === undefined ? "" : `<figcaption>${escaped(file)}</figcaption>`;
  return `<figure class="code ${word}">${title}<pre><code>${body}</code></pre></figure>\n`;
};
markdown.renderer.rules.code_block = (tokens, index) =>
  `<pre class="equations"><code>${escaped(tokens[index].content)}</code></pre>\n`;
markdown.renderer.rules.heading_open = (tokens, index) => {
  const anchor = anchorOf(tokens[index + 1].content);
  return `<${tokens[index].tag} id="${anchor}"><a class="anchor" href="#${anchor}" aria-hidden="true" tabindex="-1">#</a>`;
};
markdown.renderer.rules.table_open = () => '<div class="table"><table>\n';
markdown.renderer.rules.table_close = () => "</table></div>\n";

/**
 * A page's HTML, its title and its headings of the second and third rank.
 *
 * @param link Where a link of the page leads on the site.
 */
export function render(text, link) {
  const tokens = markdown.parse(text, {});
  const headings = [];
  for (const [index, token] of tokens.entries()) {
    if (token.type === "heading_open") {
      const { content } = tokens[index + 1];
      headings.push({
        rank: Number(token.tag.slice(1)),
        title: content.replaceAll("`", ""),
        anchor: anchorOf(content),
      });
    }
    for (const child of token.children ?? []) {
      if (child.type === "link_open") child.attrSet("href", link(child.attrGet("href")));
    }
  }
  const title = headings.find(({ rank }) => rank === 1)?.title ?? "rnnx";
  // Comments are for tests and for whoever edits the page.
  const visible = tokens.filter(({ type, content }) => type !== "html_block" || !content.startsWith("<!--"));
  return {
    title,
    headings: headings.filter(({ rank }) => rank === 2 || rank === 3),
    html: markdown.renderer.render(visible, markdown.options, {}),
  };
}
