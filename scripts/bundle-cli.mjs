/**
 * Bundles the built program into dist/program, which bin/program.cjs runs. A command then loads a few files instead of hundreds, which
 * is most of the time of a short command. The files are CommonJS, whose code Node 20 can cache, in ASCII, which is read without decoding.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { parseAst } from "rolldown/parseAst";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const out = `${dist}program`;
/** The new bundle replaces the old one by a rename: npm may build before `npx rnnx` while other commands run. */
const staging = `${dist}program-${process.pid}`;

/** Imports of every module, by its file. */
const graph = new Map();

/** The modules of a file and of all that it imports, without packages. */
function closureOf(file, found = new Set()) {
  const imports = graph.get(file);
  if (imports === undefined || found.has(file)) return found;
  found.add(file);
  for (const id of imports.static) closureOf(id, found);
  return found;
}

/** The modules that `rnnx validate` loads. Nearly every command loads them, so they are one file. */
function modulesOfValidate() {
  const files = ["commands/validate.js", "open-spec.js"].map((name) => `${dist}cli/${name}`);
  const entries = [`${dist}cli/main.js`, ...files, ...files.flatMap((file) => graph.get(file).dynamic)];
  return new Set(entries.flatMap((file) => [...closureOf(file)]));
}
let core;
function isCore(file) {
  core ??= modulesOfValidate();
  return core.has(file);
}

/** Files from which the program starts: the command, threads and processes. */
const entries = {
  main: `${dist}cli/main.js`,
  worker: `${dist}runtime/worker.js`,
  "trial-process": `${dist}runtime/sweep/trial-process.js`,
};

/** Packages that are native, optional, or large and loaded by few commands. */
const onDemand = /^(@babel|@resvg|@viz-js|apache-arrow|csv-parse|h5wasm|hyparquet|koffi|onnxruntime|vega)/;
const isExternal = (id) => id.startsWith("node:") || onDemand.test(id);

/** The expressions `import(…)` in a syntax tree, in order. */
function importExpressions(node) {
  if (node === null || typeof node !== "object") return [];
  const found = Object.values(node).flatMap(importExpressions);
  return node.type === "ImportExpression" ? [node, ...found] : found;
}

/** Cached code cannot call `import`: packages on demand come from `importPackage`, a parameter that bin/program.cjs passes. */
function withImportPackage(code, tree) {
  let changed = code;
  for (const { start, source } of importExpressions(tree).reverse()) {
    if (source.type === "Literal" && !isExternal(source.value)) continue;
    changed = `${changed.slice(0, start)}importPackage${changed.slice(start + "import".length)}`;
  }
  return changed;
}

/** Other characters are in strings, templates and regular expressions, where their escapes are equal. */
function toAscii(code) {
  const [raw] = /String\.raw`[^`]*[^\0-\x7f][^`]*`/.exec(code) ?? [];
  if (raw !== undefined) throw new Error(`Characters of a raw string are not ASCII; escape them: ${raw}`);
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Licenses of the packages whose modules are in the bundle. */
function licenses() {
  const folders = [...graph.keys()].flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  return [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return `${name} ${version} (${license})\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8")}`;
  });
}

const bundle = await rolldown({
  input: entries,
  platform: "node",
  external: isExternal,
  checks: { eval: false, ineffectiveDynamicImport: false },
  plugins: [
    {
      name: "graph",
      moduleParsed: ({ id, importedIds, dynamicallyImportedIds }) =>
        graph.set(id, { static: importedIds, dynamic: dynamicallyImportedIds }),
    },
    {
      name: "import-package",
      transform: (code, id) =>
        id.startsWith(dist) && code.includes("import(") ? withImportPackage(code, parseAst(code)) : null,
    },
  ],
});
const { output } = await bundle.generate({
  format: "cjs",
  comments: false,
  entryFileNames: "[name].entry.cjs",
  chunkFileNames: "[name]-[hash].cjs",
  codeSplitting: { groups: [{ name: "core", test: isCore }] },
});
await bundle.close();

mkdirSync(staging);
const hash = createHash("sha256");
for (const { fileName, code } of output) {
  const text = toAscii(code);
  hash.update(text);
  writeFileSync(join(staging, fileName), text);
}
const build = hash.digest("hex").slice(0, 16);
for (const { name, isEntry, fileName } of output) {
  if (!isEntry) continue;
  const call = `require("../../bin/program.cjs").load(__dirname, "${fileName}", "${build}")`;
  writeFileSync(join(staging, `${name}.cjs`), `module.exports = ${call};\n`);
}
writeFileSync(join(staging, "LICENSES.txt"), licenses().join("\n\n"));

const old = `${staging}-old`;
try {
  renameSync(out, old);
} catch {
  // The first build, or another build has just moved it.
}
try {
  renameSync(staging, out);
} catch (error) {
  // Another build has finished first.
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  rmSync(staging, { recursive: true });
}
rmSync(old, { recursive: true, force: true });
