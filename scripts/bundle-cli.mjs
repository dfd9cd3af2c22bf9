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

const bundle = await rolldown({
  // The program starts threads and processes from files of the same folder.
  input: {
    main: `${dist}cli/main.js`,
    worker: `${dist}runtime/worker.js`,
    "trial-process": `${dist}runtime/sweep/trial-process.js`,
  },
  platform: "node",
  external: (id) => /^[^./]/.test(id) && !/^[A-Za-z]:[\\/]/.test(id),
});
await bundle.write({ dir: staging, format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
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
