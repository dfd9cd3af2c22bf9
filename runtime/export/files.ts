/** What an export leaves on the disk: files that are complete and verified before the first of them has its name. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Disk } from "../disk.js";
import type { RunProblem } from "../problem.js";
import { inWorkshop } from "../workshop.js";

export interface ExportFile {
  /** A plain name: every file stands in the folder of the model. */
  readonly name: string;
  readonly content: Uint8Array;
}

export function unwritable(out: string): RunProblem | undefined {
  const problem = (code: string, message: string, hint = ""): RunProblem => ({ code, path: "", message, hint });
  if (!out.endsWith(".onnx"))
    return problem("file-kind", `"${out}" does not end in .onnx.`, "For example --out model.onnx.");
  if (!existsSync(dirname(out))) return problem("file-missing", `The folder of "${out}" does not exist.`);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory()) return problem("file-kind", `"${out}" is a folder.`);
  return undefined;
}

/**
 * Makes the files in a folder of their own, lets `proved` look at them, and gives them their names, the model's last. Where
 * `proved` says no, anything is thrown, or the process exits, nothing is left.
 */
export async function writeProved(
  on: Disk,
  out: string,
  files: readonly ExportFile[],
  proved: (folder: string) => Promise<boolean>,
): Promise<boolean> {
  return inWorkshop(on, out, async (workshop) => {
    for (const { name, content } of files) on.write(join(workshop, name), content);
    if (!(await proved(workshop))) return false;
    for (const name of readdirSync(workshop).sort((a, b) => Number(a === basename(out)) - Number(b === basename(out))))
      on.rename(join(workshop, name), join(dirname(out), name));
    on.syncFolder(dirname(out));
    return true;
  });
}
