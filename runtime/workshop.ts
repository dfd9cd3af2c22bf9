/** Files that are complete before the first of them has its name: they are made in a folder of their own beside their place. */
import { mkdtempSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Disk } from "./disk.js";

/** Whatever is left in the folder when the work is done, throws, or the process exits is removed. */
export async function inWorkshop<T>(on: Disk, place: string, work: (folder: string) => T | Promise<T>): Promise<T> {
  // A folder that nobody else has: what is removed in the end is what was made here.
  const workshop = mkdtempSync(join(dirname(place), `.${basename(place)}.`));
  const clear = () => on.remove(workshop);
  process.once("exit", clear);
  try {
    return await work(workshop);
  } finally {
    process.removeListener("exit", clear);
    clear();
  }
}
