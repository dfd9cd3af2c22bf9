/** The folder of a page: a new one is there whole or not at all, and in an earlier page the page's own file is replaced last. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Disk } from "../disk.js";
import { inWorkshop } from "../workshop.js";

/** A file of the page: what it holds, or the file that it is a copy of. */
export type PageFile = { readonly name: string } & ({ readonly content: Uint8Array } | { readonly copyOf: string });

/** Says how many bytes the files are. They take their places in their order. */
export async function writePageFolder(
  on: Disk,
  out: string,
  files: readonly PageFile[],
): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const place = resolve(out);
  on.makeFolder(dirname(place));
  return inWorkshop(on, place, (workshop) => {
    const made = join(workshop, basename(place));
    const written = files.map((file) => {
      const content = "copyOf" in file ? readFileSync(file.copyOf) : file.content;
      on.makeFolder(dirname(join(made, file.name)));
      on.write(join(made, file.name), content);
      return { name: file.name, bytes: content.byteLength };
    });
    if (existsSync(place))
      for (const { name } of files) {
        on.makeFolder(dirname(join(place, name)));
        on.rename(join(made, name), join(place, name));
      }
    else on.rename(made, place);
    on.syncFolder(dirname(place));
    return written;
  });
}
