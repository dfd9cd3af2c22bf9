/** Folders of compiled models: all of their files are written, or none. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface OutputFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** A file of a run that compiled models would not match. */
export async function runFileIn(out: string): Promise<string | undefined> {
  const { runFiles } = await import("../runtime/run/layout.js");
  return [runFiles.checkpoints, runFiles.weights, runFiles.metrics].find((name) => existsSync(join(out, name)));
}

/** Writes all files under temporary names first, so that a failure replaces no existing file. */
export async function writeFolder(out: string, files: readonly OutputFile[]): Promise<void> {
  const { durableFs } = await import("../runtime/storage/durable-fs.js");
  const partialPath = (name: string) => join(out, `${name}.partial`);
  const isNewFolder = !existsSync(out);
  durableFs.makeFolder(out);
  try {
    for (const { name, content } of files) durableFs.write(partialPath(name), content);
    for (const { name } of files) durableFs.rename(partialPath(name), join(out, name));
    durableFs.syncFolder(out);
  } catch (error) {
    if (isNewFolder) durableFs.remove(out);
    else for (const { name } of files) durableFs.remove(partialPath(name));
    throw error;
  }
}
