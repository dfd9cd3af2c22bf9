/** Writes the files of an export: all are complete and verified before the first is renamed to its final name. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { RunProblem } from "../problem.js";
import type { DurableFs } from "../storage/durable-fs.js";
import { checkOutputPlace } from "../storage/output-place.js";
import { withStagingFolder } from "../storage/staging.js";

export interface ExportFile {
  /** File name in the model's folder. */
  readonly name: string;
  readonly content: Uint8Array;
}

export function checkOutputPath(out: string): RunProblem | undefined {
  if (!out.endsWith(".onnx")) {
    const message = `"${out}" does not end in .onnx.`;
    return { code: "file-kind", path: "", message, hint: "For example --out model.onnx." };
  }
  return checkOutputPlace(out);
}

/** The problem of a file at the place of external data, whose name the model has. */
export function dataFileTaken(out: string, files: ReadonlyMap<string, Uint8Array>): RunProblem | undefined {
  const names = [...files.keys()].map((location) => location.split(/[/\\]/)[0] ?? "");
  const taken = names.find((name) => existsSync(join(dirname(out), name)));
  if (taken === undefined) return undefined;
  const message = `The model stores its weights in "${taken}", but ${dirname(out)} has a file of this name.`;
  return { code: "external-data", path: "", message, hint: "Name a file in another folder with --out." };
}

/**
 * Writes the files to a staging folder, calls `verify`, and moves them to their final names, the model last. No file is
 * left when `verify` returns false, on an error, or when the process exits.
 */
export async function writeVerified(
  fs: DurableFs,
  out: string,
  files: readonly ExportFile[],
  verify: (folder: string) => Promise<boolean>,
): Promise<boolean> {
  fs.makeFolder(dirname(out));
  return withStagingFolder(fs, out, async (stagingFolder) => {
    for (const { name, content } of files) {
      fs.makeFolder(dirname(join(stagingFolder, name)));
      fs.write(join(stagingFolder, name), content);
    }
    if (!(await verify(stagingFolder))) return false;
    for (const name of readdirSync(stagingFolder).sort(
      (a, b) => Number(a === basename(out)) - Number(b === basename(out)),
    ))
      fs.rename(join(stagingFolder, name), join(dirname(out), name));
    fs.syncFolder(dirname(out));
    return true;
  });
}
