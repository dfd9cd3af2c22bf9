/** Builds the web pages into dist/web. Their modules import onnxruntime-web from the same folder and nothing else. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { paletteCss } from "../dist/views/palette.js";

const here = fileURLToPath(new URL("../web", import.meta.url));
const out = join(here, "../dist/web");
const require = createRequire(import.meta.url);

/** One module of onnxruntime-web holds both packages. */
const runtime = /^onnxruntime-(web\/wasm|common)$/;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const bundle = await rolldown({
  input: {
    playground: join(here, "playground/main.ts"),
    "fine-tune": join(here, "fine-tune/main.ts"),
    "trainer-worker": join(here, "fine-tune/trainer-worker.ts"),
  },
  platform: "browser",
  external: runtime,
  plugins: [
    {
      name: "reject-node-modules",
      resolveId(id, importer) {
        if (id.startsWith("node:")) throw new Error(`${importer} imports ${id}, which browsers do not have`);
      },
    },
  ],
});
const { output } = await bundle.write({
  dir: out,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  codeSplitting: {
    groups: [
      { name: "shared", minShareCount: 3, priority: 1 },
      { name: "examples", test: /web\/examples\//, minShareCount: 2, priority: 1 },
      { name: "pages", minShareCount: 2 },
    ],
  },
  paths: (id) => (runtime.test(id) ? "./ort/ort.wasm.min.mjs" : id),
});
await bundle.close();

for (const name of ["index.html", "fine-tune.html"]) copyFileSync(join(here, name), join(out, name));
const charts = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8");
writeFileSync(join(out, "style.css"), `${charts}\n${paletteCss()}\n${readFileSync(join(here, "style.css"), "utf8")}`);

/** The licenses of the bundled packages, and of onnxruntime-web, which a page includes. */
const inside = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
const folders = new Set(
  [...inside, require.resolve("onnxruntime-web/wasm")].flatMap((id) => {
    const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll("\\", "/"));
    return found === null ? [] : [found[0]];
  }),
);
const licenses = [...folders].sort().map((folder) => {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  let text = `${license} License${author === undefined ? "" : `, ${typeof author === "string" ? author : author.name}`}`;
  for (const file of ["LICENSE", "LICENSE.md", "license"]) {
    try {
      text = readFileSync(join(folder, file), "utf8").trim();
      break;
    } catch {
      // The package has no such file.
    }
  }
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync(join(out, "licenses.txt"), licenses.join(`\n${"-".repeat(80)}\n\n`));
