/**
 * Lays the built program together in dist/program: what a command needs is read from a few files in place of hundreds, which is most
 * of the time that a short command takes. Packages stay where they are.
 */
import { renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const out = `${dist}program`;
/** What is there is exchanged at once, when all is made: npm builds again before the first `npx rnnx`, where others may be at work. */
const made = `${dist}program-${process.pid}`;

const bundle = await rolldown({
  // The threads and processes that the program starts find their files beside it.
  input: {
    main: `${dist}cli/main.js`,
    worker: `${dist}runtime/worker.js`,
    "trial-process": `${dist}runtime/sweep/trial-process.js`,
  },
  platform: "node",
  external: (id) => /^[^./]/.test(id) && !/^[A-Za-z]:[\\/]/.test(id),
});
await bundle.write({ dir: made, format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
await bundle.close();

const old = `${made}-old`;
try {
  renameSync(out, old);
} catch {
  // It is the first build, or another one has just taken it away.
}
try {
  renameSync(made, out);
} catch (error) {
  // Another build's is there already.
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  rmSync(made, { recursive: true });
}
rmSync(old, { recursive: true, force: true });
