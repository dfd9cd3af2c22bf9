/** VitePress: the pages of `docs/`, CONTRIBUTING.md and CHANGELOG.md as a site in `site/`. Nothing is loaded from a network. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { anchorOf, consoleLines, pagesOnly } from "../markdown.mjs";
import { sections } from "../pages.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Files that pages link to and that are no pages: copied to `files/`. */
const linkedFiles = new Set();

function titleOf(file) {
  const inRoot = { "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md" }[file];
  return /^# (.*)$/m.exec(readFileSync(join(root, inRoot ?? `docs/${file}`), "utf8"))?.[1];
}

/** Leaves Vue to Node when pages are rendered: they are outside this package, where Vite does not find it. */
const externalVue = {
  name: "external-vue",
  enforce: "pre",
  resolveId(id, _importer, { ssr }) {
    if (ssr && /^vue(\/|$)/.test(id)) return { id, external: true };
  },
};

export default defineConfig({
  title: "rnnx",
  description:
    "Recurrent networks, convolutions and transformers from a JSON file: train in Node, run anywhere ONNX runs.",
  srcDir: "../..",
  srcExclude: [
    "{README,SECURITY,CODE_OF_CONDUCT,node_modules,dist,site,runs,templates,specs,test,bench,examples,.*}{.md,/**}",
    "docs/site/**",
  ],
  rewrites: { "docs/:rest*": ":rest*", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md" },
  outDir: "../../site",
  base: process.env.DOCS_BASE ?? "/",
  vite: { plugins: [externalVue] },
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: {
    anchor: { slugify: anchorOf },
    codeTransformers: [consoleLines],
    config: (markdown) => pagesOnly(markdown, { root, linkedFiles }),
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Tutorial", link: "/tutorial/1-hihello" },
      { text: "Gallery", link: "/gallery" },
      { text: "Spec", link: "/reference/spec/" },
      { text: "Command line", link: "/reference/cli" },
    ],
    sidebar: sections.map(({ title, pages }) => ({
      text: title,
      collapsed: false,
      items: pages.map(({ file, label }) => ({
        text: label ?? titleOf(file),
        link: `/${file.replace(/(index)?\.md$/, "")}`,
      })),
    })),
  },
  buildEnd({ outDir }) {
    for (const file of linkedFiles) {
      if (!existsSync(join(root, file))) throw new Error(`A page links to ${file}, which does not exist.`);
      mkdirSync(dirname(join(outDir, "files", file)), { recursive: true });
      copyFileSync(join(root, file), join(outDir, "files", file));
    }
  },
});
