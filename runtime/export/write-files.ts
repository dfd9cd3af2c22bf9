/** What an export leaves on the disk: files that are complete and verified before the first of them has its name. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { RunProblem } from "../problem.js";
import type { DurableFs } from "../storage/durable-fs.js";
import { withStagingFolder } from "../storage/staging.js";

export interface ExportFile {
  /** A plain name: every file stands in the folder of the model. */
  readonly name: string;
  readonly content: Uint8Array;
}

export function checkOutputPath(out: string): RunProblem | undefined {
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
export async function writeVerified(
  fs: DurableFs,
  out: string,
  files: readonly ExportFile[],
  verify: (folder: string) => Promise<boolean>,
): Promise<boolean> {
  return withStagingFolder(fs, out, async (stagingFolder) => {
    for (const { name, content } of files) fs.write(join(stagingFolder, name), content);
    if (!(await verify(stagingFolder))) return false;
    for (const name of readdirSync(stagingFolder).sort(
      (a, b) => Number(a === basename(out)) - Number(b === basename(out)),
    ))
      fs.rename(join(stagingFolder, name), join(dirname(out), name));
    fs.syncFolder(dirname(out));
    return true;
  });
}
