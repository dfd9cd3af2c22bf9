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

/** A file of another program that compiled models would replace. */
export async function otherFileIn(out: string, files: readonly OutputFile[]): Promise<string | undefined> {
  const { isRunDirectory } = await import("../runtime/run/layout.js");
  return isRunDirectory(out) ? undefined : files.find(({ name }) => existsSync(join(out, name)))?.name;
}

/**
 * Writes all files under temporary names first, so that a failure replaces no existing file.
 *
 * @param optional names of files that an earlier call may have written: those of a folder that rnnx wrote are removed.
 */
export async function writeFolder(
  out: string,
  files: readonly OutputFile[],
  optional: readonly string[] = [],
): Promise<void> {
  const [{ durableFs }, { isRunDirectory }] = await Promise.all([
    import("../runtime/storage/durable-fs.js"),
    import("../runtime/run/layout.js"),
  ]);
  const stale = isRunDirectory(out) ? optional.filter((name) => !files.some((file) => file.name === name)) : [];
  const partialPath = (name: string) => join(out, `${name}.partial`);
  const isNewFolder = !existsSync(out);
  durableFs.makeFolder(out);
  try {
    for (const { name, content } of files) durableFs.write(partialPath(name), content);
    for (const { name } of files) durableFs.rename(partialPath(name), join(out, name));
    for (const name of stale) durableFs.remove(join(out, name));
    durableFs.syncFolder(out);
  } catch (error) {
    if (isNewFolder) durableFs.remove(out);
    else for (const { name } of files) durableFs.remove(partialPath(name));
    throw error;
  }
}
