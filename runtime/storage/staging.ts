/** Staging folders: files are completed in a temporary folder next to their target before they are renamed. */
import { mkdtempSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DurableFs } from "./durable-fs.js";

/** Removes the folder with its remaining contents when the action ends, throws, or the process exits. */
export async function withStagingFolder<T>(
  fs: DurableFs,
  target: string,
  action: (folder: string) => T | Promise<T>,
): Promise<T> {
  // A new folder of unique name, so that only its own contents are removed.
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
