/** Writes a page's folder: a new folder atomically; in an existing page file by file, the manifest last. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DurableFs } from "../storage/durable-fs.js";
import { withStagingFolder } from "../storage/staging.js";

/** A file of the page: its content, or the file to copy. */
export type PageFile = { readonly name: string } & ({ readonly content: Uint8Array } | { readonly copyOf: string });

/** Writes the files in their order and returns their sizes. */
export async function writePageFolder(
  fs: DurableFs,
  out: string,
  files: readonly PageFile[],
): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const folder = resolve(out);
  fs.makeFolder(dirname(folder));
  return withStagingFolder(fs, folder, (stagingFolder) => {
    const staged = join(stagingFolder, basename(folder));
    const summaries = files.map((file) => {
      const content = "copyOf" in file ? readFileSync(file.copyOf) : file.content;
      fs.makeFolder(dirname(join(staged, file.name)));
      fs.write(join(staged, file.name), content);
      return { name: file.name, bytes: content.byteLength };
    });
    if (existsSync(folder))
      for (const { name } of files) {
        fs.makeFolder(dirname(join(folder, name)));
        fs.rename(join(staged, name), join(folder, name));
      }
    else fs.rename(staged, folder);
    fs.syncFolder(dirname(folder));
    return summaries;
  });
}
