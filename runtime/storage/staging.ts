/** Files that are complete before the first of them has its name: they are made in a folder of their own beside their place. */
import { mkdtempSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DurableFs } from "./durable-fs.js";

/** Whatever is left in the folder when the work is done, throws, or the process exits is removed. */
export async function withStagingFolder<T>(
  fs: DurableFs,
  target: string,
  action: (folder: string) => T | Promise<T>,
): Promise<T> {
  // A folder that nobody else has: what is removed in the end is what was made here.
  const stagingFolder = mkdtempSync(join(dirname(target), `.${basename(target)}.`));
  const removeStaging = () => fs.remove(stagingFolder);
  process.once("exit", removeStaging);
  try {
    return await action(stagingFolder);
  } finally {
    process.removeListener("exit", removeStaging);
    removeStaging();
  }
}
