/** The folder of a page: a new one is there whole or not at all, and in an earlier page the page's own file is replaced last. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DurableFs } from "../storage/durable-fs.js";
import { withStagingFolder } from "../storage/staging.js";

/** A file of the page: what it holds, or the file that it is a copy of. */
export type PageFile = { readonly name: string } & ({ readonly content: Uint8Array } | { readonly copyOf: string });

/** Says how many bytes the files are. They take their places in their order. */
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
