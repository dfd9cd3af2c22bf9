/**
 * Bundles the built program into dist/program. A command then loads a few files instead of hundreds, which is most of the time of a
 * short command. Packages stay external.
 */
import { renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

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

const bundle = await rolldown({
  // The program starts threads and processes from files of the same folder.
  input: {
    main: `${dist}cli/main.js`,
    worker: `${dist}runtime/worker.js`,
    "trial-process": `${dist}runtime/sweep/trial-process.js`,
  },
  platform: "node",
  checks: { ineffectiveDynamicImport: false },
  plugins: [
    {
      name: "graph",
      moduleParsed: ({ id, importedIds, dynamicallyImportedIds }) =>
        graph.set(id, { static: importedIds, dynamic: dynamicallyImportedIds }),
    },
  ],
  external: (id) => /^[^./]/.test(id) && !/^[A-Za-z]:[\\/]/.test(id),
});
await bundle.write({
  dir: staging,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  codeSplitting: { groups: [{ name: "core", test: isCore }] },
});
await bundle.close();

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
