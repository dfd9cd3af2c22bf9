/**
 * Lays the built program together in dist/program: what a command needs is read from a few files in place of hundreds, which is most
 * of the time that a short command takes. Packages stay where they are.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const out = `${dist}program`;

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  // The threads and processes that the program starts find their files beside it.
  input: { main: `${dist}cli/main.js`, worker: `${dist}runtime/worker.js`, child: `${dist}runtime/sweep/child.js` },
  platform: "node",
  external: (id) => /^[^./]/.test(id) && !/^[A-Za-z]:[\\/]/.test(id),
});
await bundle.write({ dir: out, format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
await bundle.close();
